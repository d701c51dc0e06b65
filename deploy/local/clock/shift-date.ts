/**
 * Replaces this process's `Date` by one that is ahead of the machine's clock. Timers run as before: who waits for a time of day has to look at it.
 * Returns what sets how far ahead it is, in milliseconds; negative for behind.
 */
export function shiftDate(target: { Date: DateConstructor }): (aheadMs: number) => void {
  const RealDate = target.Date;
  let aheadMs = 0;
  const now = () => RealDate.now() + aheadMs;

  const Shifted = new Proxy(RealDate, {
    construct: (real, args, newTarget) => Reflect.construct(real, args.length === 0 ? [now()] : args, newTarget),
    apply: (real) => new real(now()).toString(),
    get: (real, key) => (key === 'now' ? now : Reflect.get(real, key)),
  });
  RealDate.prototype.constructor = Shifted;
  target.Date = Shifted;
  return (ms) => {
    aheadMs = ms;
  };
}

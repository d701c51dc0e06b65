/** What gets a share of a service's requests. */
export interface TrafficShare<T> {
  readonly target: T;
  /** From 0 to 100. The percents of all shares sum to 100. */
  readonly percent: number;
}

/** Who gets a request. @param random from 0 up to, not including, 1. @throws {RangeError} where there are no shares. */
export function pickTarget<T>(shares: readonly TrafficShare<T>[], random: number): T {
  let rest = random * 100;
  for (const { target, percent } of shares) {
    if (rest < percent) return target;
    rest -= percent;
  }
  throw new RangeError(`the percents of ${shares.length} shares do not sum to 100`);
}

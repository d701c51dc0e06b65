import { expect, it } from 'vitest';
import { systemClock } from '../local-server.ts';
import { createAdvanceableClock, createManualClock } from './advanceable-clock.ts';

it('calls back what falls due on the way in order, each at its own time', () => {
  const clock = createManualClock(1000);
  const calls: [string, number][] = [];
  const note = (name: string) => () => calls.push([name, clock.now()]);
  clock.schedule(20, note('later'));
  clock.schedule(10, () => {
    note('first')();
    clock.schedule(5, note('armed on the way'));
  });
  clock.schedule(31, note('not yet'));
  clock.schedule(10, note('first too'));
  clock.advance(30);
  expect(calls).toEqual([
    ['first', 1010],
    ['first too', 1010],
    ['armed on the way', 1015],
    ['later', 1020],
  ]);
  expect(clock.now()).toBe(1030);
  expect(clock.nextDue()).toBe(1031);
});

it('does not call back what was cancelled', () => {
  const clock = createManualClock();
  let called = false;
  clock.schedule(10, () => {
    called = true;
  })();
  clock.advance(100);
  expect(called).toBe(false);
  expect(clock.nextDue()).toBeUndefined();
});

it('goes forward only', () => {
  expect(() => createManualClock().advance(-1)).toThrow(RangeError);
});

it('goes with its base and ahead of it', async () => {
  const clock = createAdvanceableClock(systemClock);
  clock.advance(3600_000);
  expect(clock.now()).toBeGreaterThanOrEqual(Date.now() + 3600_000 - 1000);
  // Comes by itself, on the base's timer.
  await new Promise<void>((resolve) => clock.schedule(1, resolve));
  // Comes at once, although an hour away.
  await new Promise<void>((resolve) => {
    clock.schedule(3600_000, resolve);
    clock.advance(3600_000);
  });
});

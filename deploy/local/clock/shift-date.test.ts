import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { shiftDate } from './shift-date.ts';

// A realm of its own: the Date of the test's process stays as it is.
function realm(): { Date: DateConstructor } {
  return runInNewContext('globalThis') as { Date: DateConstructor };
}

it('moves what reads the clock, and nothing else', () => {
  const target = realm();
  const real = target.Date;
  const setAhead = shiftDate(target);
  const day = 86_400_000;
  setAhead(day);
  const before = real.now() + day;
  for (const read of [target.Date.now(), new target.Date().getTime(), Math.ceil(real.parse(target.Date())) + 1000]) {
    expect(read).toBeGreaterThanOrEqual(before);
    expect(read).toBeLessThan(before + day);
  }
  expect(new target.Date(5).getTime()).toBe(5);
  expect(new target.Date(2026, 0).getFullYear()).toBe(2026);
  expect(target.Date.UTC(2026, 0, 1)).toBe(real.UTC(2026, 0, 1));
});

it('keeps dates what they are to those who look at their type', () => {
  const target = realm();
  const made = new target.Date(0);
  shiftDate(target)(-1000);
  const later = new target.Date();
  class Stamp extends target.Date {}
  expect(made instanceof target.Date).toBe(true);
  expect(later.constructor).toBe(target.Date);
  expect(new Stamp() instanceof Stamp).toBe(true);
  expect(Object.prototype.toString.call(later)).toBe('[object Date]');
});

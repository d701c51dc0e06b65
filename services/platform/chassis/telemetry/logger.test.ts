import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isoTime } from './logger.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each(['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.007Z', '2026-01-01T00:00:00.999Z', '2026-12-31T23:59:59.070Z'])(
  'a line at %s says so, whichever came before it',
  (time) => {
    const field = isoTime();
    for (const at of ['2026-01-01T00:00:00.500Z', time, '2026-01-01T00:00:01.000Z', time]) {
      vi.setSystemTime(at);
      expect(field()).toBe(`,"time":"${at}"`);
    }
  },
);

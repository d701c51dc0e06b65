import { afterEach, beforeEach, expect, vi } from 'vitest';
import { RunningFilter } from './running-filter.ts';

/** Each test has the year 2026 from its beginning, and time goes on where the test says so. */
export function useScriptedTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

/**
 * Each test has a filter of its own, in scripted time, which must not have trapped in the end.
 *
 * @param config the filter's configuration; the one that running-filter.ts has unless told.
 * @returns the filter of the test that runs.
 */
export function useFilter(config?: object): () => RunningFilter {
  let filter: RunningFilter;
  useScriptedTime();
  beforeEach(async () => {
    filter = await RunningFilter.start(config);
  });
  afterEach(() => {
    filter.host.close();
    expect(filter.host.trapped).toBe(false);
  });
  return () => filter;
}

import type { Clock } from '../local-server.ts';

/** One alarm on a clock that can be pulled forward. */
export interface WakeUp {
  /** Calls back at `atMs` of the clock, or earlier where an earlier time was already asked for. */
  at(atMs: number): void;
  /** No further call. */
  cancel(): void;
}

/**
 * An alarm for something that works off what is due and then asks again for the next time.
 * The callback may come early (a timer cannot wait longer than 24.8 days), so it has to check what is due.
 */
export function createWakeUp(clock: Clock, callback: () => void): WakeUp {
  let dueMs = Number.POSITIVE_INFINITY;
  let cancelTimer = () => {};
  return {
    at: (atMs) => {
      if (atMs >= dueMs) return;
      cancelTimer();
      dueMs = atMs;
      cancelTimer = clock.schedule(Math.max(0, atMs - clock.now()), () => {
        dueMs = Number.POSITIVE_INFINITY;
        callback();
      });
    },
    cancel: () => {
      cancelTimer();
      dueMs = Number.POSITIVE_INFINITY;
    },
  };
}

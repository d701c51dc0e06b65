import { instruments, observableGaugeOf } from '../../contracts/instruments.ts';

/**
 * Measures how many reads and transactions were under way at one time. There is no pool whose sessions could be counted: Google's client keeps one multiplexed
 * session for all, which takes any number of requests, and its own metrics would go past the collector and are off in images. What is under way at one time is what fills
 * a connection, and what queues where Spanner is slow. Told is the most since the last export, because exports come when it is quiet.
 *
 * To be called when the SDK has been started.
 *
 * @returns what a read or a transaction runs in.
 */
export function concurrency(): <T>(work: () => Promise<T>) => Promise<T> {
  let now = 0;
  let most = 0;
  observableGaugeOf(instruments.databaseConcurrency).addCallback((result) => {
    result.observe(most);
    most = now;
  });
  return async (work) => {
    now += 1;
    most = Math.max(most, now);
    try {
      return await work();
    } finally {
      now -= 1;
    }
  };
}

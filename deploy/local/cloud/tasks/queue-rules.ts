import { invalidArgument } from '../google-api/api-error.ts';
import { fromMs, type SecondsAndNanos, toMs } from '../google-api/protobuf-time.ts';
import type { Queue } from './resources.ts';

/** google.cloud.tasks.v2.Queue as a caller sends it; zero and null mean the default. */
export interface AskedQueue {
  readonly name: string;
  readonly rateLimits: { readonly maxDispatchesPerSecond: number; readonly maxConcurrentDispatches: number } | null;
  readonly retryConfig: {
    readonly maxAttempts: number;
    readonly maxRetryDuration: SecondsAndNanos | null;
    readonly minBackoff: SecondsAndNanos | null;
    readonly maxBackoff: SecondsAndNanos | null;
    readonly maxDoublings: number;
  } | null;
}

/**
 * Checks a queue and fills in the defaults.
 * Defaults and bounds: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues
 *
 * @throws ApiError INVALID_ARGUMENT
 */
export function checkedQueue(parent: string, asked: AskedQueue): Queue {
  const id = asked.name.slice(parent.length + '/queues/'.length);
  if (!asked.name.startsWith(`${parent}/queues/`) || !/^[A-Za-z0-9-]{1,100}$/.test(id)) {
    throw invalidArgument(`Invalid queue name "${asked.name}": expected ${parent}/queues/{id}, the id of letters, digits and hyphens`);
  }
  const rate = asked.rateLimits?.maxDispatchesPerSecond || 500;
  const concurrent = asked.rateLimits?.maxConcurrentDispatches || 1000;
  if (rate < 0 || rate > 500) throw invalidArgument('max_dispatches_per_second has to be above 0 and at most 500');
  if (concurrent < 0 || concurrent > 5000) throw invalidArgument('max_concurrent_dispatches has to be from 1 to 5000');
  const retry = asked.retryConfig;
  const minBackoff = retry?.minBackoff ?? fromMs(100);
  const maxBackoff = retry?.maxBackoff ?? fromMs(3600_000);
  if (toMs(minBackoff) < 0) throw invalidArgument('min_backoff cannot be negative');
  if (toMs(minBackoff) > toMs(maxBackoff)) throw invalidArgument('min_backoff is longer than max_backoff');
  const maxAttempts = retry?.maxAttempts || 100;
  if (maxAttempts < -1) throw invalidArgument('max_attempts has to be positive, or -1 for no limit');
  if ((retry?.maxDoublings ?? 0) < 0) throw invalidArgument('max_doublings cannot be negative');
  return {
    name: asked.name,
    // The service chooses the burst from the rate: 100 for a rate of 500.
    rateLimits: { maxDispatchesPerSecond: rate, maxBurstSize: Math.max(1, Math.ceil(rate / 5)), maxConcurrentDispatches: concurrent },
    retryConfig: {
      maxAttempts,
      maxRetryDuration: retry?.maxRetryDuration ?? null,
      minBackoff,
      maxBackoff,
      maxDoublings: retry?.maxDoublings || 16,
    },
    state: 'RUNNING',
    purgeTime: null,
  };
}

/** Whether a task that has failed `attempts` times is given up: both limits have to be reached where both are set. */
export function isExhausted({ maxAttempts, maxRetryDuration }: Queue['retryConfig'], attempts: number, sinceFirstMs: number): boolean {
  if (maxAttempts === -1 || attempts < maxAttempts) return false;
  return maxRetryDuration === null || sinceFirstMs >= toMs(maxRetryDuration);
}

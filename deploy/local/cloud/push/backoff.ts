/** How waits grow in Cloud Tasks and Cloud Scheduler. Milliseconds. */
interface BackoffSteps {
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly maxDoublings: number;
}

/**
 * The wait after `attempts` failed attempts: doubled `maxDoublings` times, then growing by the last step, up to `maxBackoffMs`.
 * https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RetryConfig
 */
export function backoffMs({ minBackoffMs, maxBackoffMs, maxDoublings }: BackoffSteps, attempts: number): number {
  const steps = attempts - 1;
  const doubled = minBackoffMs * 2 ** Math.min(steps, maxDoublings);
  return Math.min(maxBackoffMs, doubled * (Math.max(0, steps - maxDoublings) + 1));
}

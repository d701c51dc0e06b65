/** What the image's ENV sets beside what Cloud Run does; paths of the image's own file system. */
export const imageEnvironment = {
  // The client's own metrics would go to Cloud Monitoring by a timer, for which Cloud Run gives no CPU, and by a role that no service has.
  SPANNER_DISABLE_BUILTIN_METRICS: 'true',
  // One heap for all threads, given back when it is free: a service is one busy thread, and memory is paid for.
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const;

/**
 * What Node is started with: about 35 MB are alive in a service that is busy, and without limits V8 lets garbage grow to several times as much. V8's other flags are set
 * by the program (`shrink/v8-flags.cjs`).
 */
export const nodeFlags = ['--max-semi-space-size=4', '--max-old-space-size=128'] as const;

/** What the image's ENV sets beside what Cloud Run does; paths of the image's own file system. */
export const imageEnvironment = {
  // The client's own metrics would go to Cloud Monitoring by a timer, for which Cloud Run gives no CPU, and by a role that no service has.
  SPANNER_DISABLE_BUILTIN_METRICS: 'true',
  // One heap for all threads, given back when it is free: a service is one busy thread, and memory is paid for.
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const;

/**
 * What Node is started with. About 35 MB are alive in a service that is busy, and without limits V8 lets garbage grow to several times as much. Maglev, the
 * compiler of the middle, keeps 40 MB for itself; Sparkplug, the one before it, 4 MB and a twentieth of the start. Hot code still goes through the optimising
 * one. That one would optimise what only the start calls often, a tenth of the start: the service turns it on when it has started. The last is what the service
 * sets for itself, here because a code cache is for the flags that it was made with.
 */
export const nodeFlags = [
  '--max-semi-space-size=4',
  '--max-old-space-size=128',
  '--no-maglev',
  '--no-sparkplug',
  '--no-opt',
  '--no-allocation-site-pretenuring',
] as const;

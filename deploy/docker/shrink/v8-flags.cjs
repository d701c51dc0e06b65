// Loads the modules of Node's that services use, then tells V8 how to run the service. In that order: Node brings a code cache of its own modules, which V8 takes as
// long as its flags are those that Node was built with. Were these on the command line, V8 would compile the modules in each start, a tenth of it.
'use strict';
for (const name of [
  'async_hooks',
  // Every server asks it whether it is one of several.
  'cluster',
  'dns',
  'dns/promises',
  'fs/promises',
  'http2',
  'https',
  'module',
  'perf_hooks',
  'process',
  'timers/promises',
  'vm',
  'worker_threads',
  'zlib',
]) {
  require(`node:${name}`);
}
const { setFlagsFromString } = require('node:v8');

/** Until then a service has started and answered its first requests, for which nothing is worth being optimised. */
const optimisedAfterMs = 1_000;

for (const flag of [
  // The compiler of the middle keeps 40 MB for itself, and the one before it 4 MB and a twentieth of the start. Hot code still goes through the optimising one.
  '--no-maglev',
  '--no-sparkplug',
  // That one would optimise what only the start calls often, a tenth of the start.
  '--no-opt',
  // Patterns become machine code at once. The interpreter's code of Node's pattern of an IPv6 address, which every server that binds a port comes to, takes 5 ms more.
  '--no-regexp-tier-up',
  // The service sets it for itself. It is here because a code cache is for the flags that it was made with.
  '--no-allocation-site-pretenuring',
]) {
  setFlagsFromString(flag);
}
setTimeout(() => setFlagsFromString('--opt'), optimisedAfterMs).unref();

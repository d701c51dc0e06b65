// Sets the flags of V8 that a code cache is for, in a process that reads or writes one.
'use strict';
const { setFlagsFromString } = require('node:v8');

// What the heap was made with stays; what is told of it is as in an image, since a cache is for the flags that hold when it is read and written.
for (const flag of [
  '--hash-seed=0',
  '--random-seed=0',
  '--min-semi-space-size=0',
  '--max-semi-space-size=4',
  '--max-old-space-size=128',
  '--initial-old-space-size=0',
]) {
  setFlagsFromString(flag);
}

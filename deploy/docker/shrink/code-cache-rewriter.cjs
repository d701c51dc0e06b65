// code-cache-rewriter.cjs FOLDER: reads the code cache of a bundle and writes it again. What V8 numbers in the order in which things were loaded is numbered in that of
// the chunks' names then, so that two caches of the same functions are the same.
'use strict';
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

const [, , folder] = process.argv;
// What the heap was made with stays; what is told of it is as in an image, since a cache is for the flags that hold when it is read and written.
for (const flag of [
  '--hash-seed=0',
  '--random-seed=0',
  '--min-semi-space-size=0',
  '--max-semi-space-size=4',
  '--max-old-space-size=128',
  '--initial-heap-size=0',
  '--no-clear-free-memory',
]) {
  setFlagsFromString(flag);
}
const scripts = readdirSync(join(folder, 'code-cache'))
  .toSorted()
  .map((name) => {
    const cachedData = readFileSync(join(folder, 'code-cache', name));
    const script = new Script(readFileSync(join(folder, name), 'utf8'), { filename: name, cachedData });
    if (script.cachedDataRejected) throw new Error(`V8 does not take the code cache of ${name}`);
    return { name, script };
  });
for (const { name, script } of scripts) writeFileSync(join(folder, 'code-cache', name), script.createCachedData());

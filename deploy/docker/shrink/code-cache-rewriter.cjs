// code-cache-rewriter.cjs FOLDER: reads the code cache of a bundle and writes it again. What V8 numbers in the order in which things were loaded is numbered in that of
// the chunks' names then, so that two caches of the same functions are the same.
'use strict';
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const [, , folder] = process.argv;
require('./v8-flags.cjs');
require('./code-cache-flags.cjs');
const scripts = readdirSync(join(folder, 'code-cache'))
  .toSorted()
  .map((name) => {
    const cachedData = readFileSync(join(folder, 'code-cache', name));
    const script = new Script(readFileSync(join(folder, name), 'utf8'), { filename: name, cachedData });
    if (script.cachedDataRejected) throw new Error(`V8 does not take the code cache of ${name}`);
    return { name, script };
  });
for (const { name, script } of scripts) writeFileSync(join(folder, 'code-cache', name), script.createCachedData());

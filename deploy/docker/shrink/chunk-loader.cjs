// Starts a bundle, as main.js of an image: loads program.js and the chunks beside it, with what V8 made of their functions in an earlier run.
// Node's own compile cache is written when a file has been compiled, so it lacks nearly every function: V8 compiles those when they are first called.
'use strict';
require('./v8-flags.cjs');
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const loaded = new Map();

function load(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const filename = `${__dirname}/${name}`;
  const script = new Script(readFileSync(filename, 'utf8'), { filename, cachedData: codeCacheOf(name) });
  const module = { exports: {} };
  loaded.set(name, module);
  script.runInThisContext()(module.exports, module, requireFrom, __dirname, `${__dirname}/packages/`);
  return module.exports;
}

/** Undefined where there is none: the chunk is compiled then, as it is where the cache is for another version of Node or another CPU. */
function codeCacheOf(name) {
  try {
    return readFileSync(`${__dirname}/code-cache/${name}`);
  } catch {
    return undefined;
  }
}

/** Bundles require their own chunks and Node's modules. */
function requireFrom(specifier) {
  return specifier.startsWith('./') ? load(specifier.slice(2)) : require(specifier);
}

load('program.js');

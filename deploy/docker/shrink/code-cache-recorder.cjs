// Preloaded into a process that is warmed up: writes what V8 has made of each chunk, with all functions that ran, when the process ends.
'use strict';
const { mkdirSync, writeFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const vm = require('node:vm');

const scripts = new Map();

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    scripts.set(options.filename, this);
  }
};

process.once('exit', () => {
  // A cache is for the flags that hold when it is written, and the service has changed this one since it was started.
  setFlagsFromString('--no-opt');
  for (const [filename, script] of scripts) {
    const folder = join(dirname(filename), 'code-cache');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, basename(filename)), script.createCachedData());
  }
});

// Preloaded into a process that is warmed up: at SIGUSR2 it writes what V8 has made of each chunk, with all functions that ran, and ends. Before its end, since what
// runs there is not needed for a start, and not the same in each.
'use strict';
const { mkdirSync, writeFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const vm = require('node:vm');

require('./code-cache-flags.cjs');

const scripts = new Map();

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    scripts.set(options.filename, this);
  }
};

process.once('SIGUSR2', () => {
  // The service has changed this one since it was started.
  setFlagsFromString('--no-opt');
  for (const [filename, script] of scripts) {
    const folder = join(dirname(filename), 'code-cache');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, basename(filename)), script.createCachedData());
  }
  process.exit(0);
});

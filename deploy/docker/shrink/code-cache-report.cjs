// Preloaded into a service: says of each chunk whether V8 took its code cache, and at its end which public modules of Node's V8 had to compile.
'use strict';
const { basename } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    // Undefined where there was none.
    process.stderr.write(`code cache of ${basename(options.filename)}: ${this.cachedDataRejected === false ? 'taken' : 'not taken'}\n`);
  }
};

const { setFlagsFromString } = v8;
const nodeModules = () => process.moduleLoadList.filter((entry) => /^NativeModule (?!internal\/)/.test(entry));
let loadedBefore;
// Node has its code cache for its own flags.
v8.setFlagsFromString = (flag) => {
  loadedBefore ??= new Set(nodeModules());
  setFlagsFromString(flag);
};
process.on('exit', () => {
  for (const entry of nodeModules()) if (!loadedBefore?.has(entry)) process.stderr.write(`code cache of ${entry}: not taken\n`);
});

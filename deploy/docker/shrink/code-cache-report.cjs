// Preloaded into a service: says of each chunk whether V8 took its code cache.
'use strict';
const { basename } = require('node:path');
const vm = require('node:vm');

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    // Undefined where there was none.
    process.stderr.write(`code cache of ${basename(options.filename)}: ${this.cachedDataRejected === false ? 'taken' : 'not taken'}\n`);
  }
};

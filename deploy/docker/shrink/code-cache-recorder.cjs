// Preloaded into a process that is warmed up: at SIGUSR2 it writes what V8 has made of each chunk, with all functions that ran, and ends. Before its end, since what
// runs there is not needed for a start, and not the same in each. What runs until then, and what V8 keeps of it, is made the same on a fast machine and on a slow one.
'use strict';
const { mkdirSync, writeFileSync } = require('node:fs');
const net = require('node:net');
const { basename, dirname, join } = require('node:path');
const timers = require('node:timers');
const v8 = require('node:v8');
const vm = require('node:vm');

require('./code-cache-flags.cjs');

const garbageCollections = new v8.GCProfiler();
garbageCollections.start();

// What is done after some time, a fast machine does not come to and a slow one does: another attempt to connect, say. A first answer does not wait for it.
const never = 2 ** 31 - 1;
for (const name of ['setTimeout', 'setInterval']) {
  const atOnce = new Proxy(timers[name], {
    apply: (set, self, [callback, ms, ...rest]) => Reflect.apply(set, self, [callback, ms > 1 ? never : ms, ...rest]),
  });
  timers[name] = atOnce;
  globalThis[name] = atOnce;
}

// Somebody is connected as soon as it listens, however long its caller takes: a service loads other things first while nobody is.
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (...options) {
  this.once('listening', () => net.connect(this.address().port, this.address().address));
  return listen.apply(this, options);
};

const scripts = new Map();

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    scripts.set(options.filename, this);
  }
};

process.once('SIGUSR2', () => {
  // In memory that is used again, what was there before shows between objects.
  if (garbageCollections.stop().statistics.length > 0) throw new Error('V8 has collected garbage in a warm-up: give it a larger heap');
  for (const [filename, script] of scripts) {
    const folder = join(dirname(filename), 'code-cache');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, basename(filename)), script.createCachedData());
  }
  process.exit(0);
});

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const flags = join(import.meta.dirname, 'v8-flags.cjs');

/** Says whether V8 has optimised what runs hot: at once, and then again until it has. */
const program = `
  const byAnyCompiler = 1 << 3;
  const add = (a, b) => a + b;
  const optimised = () => {
    for (let i = 0, sum = 0; i < 2_000_000; i++) sum = add(sum, i) % 1_000;
    return (%GetOptimizationStatus(add) & byAnyCompiler) !== 0;
  };
  console.log(optimised());
  const timer = setInterval(() => {
    if (!optimised()) return;
    clearInterval(timer);
    console.log(true);
  }, 10);
`;

test('what runs from an image is not optimised while it starts, and is from then on', async () => {
  const run = promisify(execFile)(process.execPath, ['--allow-natives-syntax', '--require', flags, '--eval', program], { timeout: 60_000 });
  expect((await run).stdout).toBe('false\ntrue\n');
}, 70_000);

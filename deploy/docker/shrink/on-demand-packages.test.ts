import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exportsOf } from './on-demand-packages.ts';

test("a package's names are those that Node sees, wherever they are asked for: what a test assembles is what an image holds", async () => {
  const program = `console.log(JSON.stringify(Object.keys(await import('@opentelemetry/context-async-hooks'))))`;
  const seen = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: join(import.meta.dirname, '../../..'),
      encoding: 'utf8',
    }),
  ) as string[];
  expect(seen).toContain('module.exports');
  expect(await exportsOf('@opentelemetry/context-async-hooks')).toEqual(seen);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { importsOf } from './imports.ts';

/** The imports of a program of these files, of which the first is started. */
async function importsIn(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-imports-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), source);
  return importsOf([Object.keys(files)[0] ?? ''], folder);
}

test('values are told by the names that their package gives them, types not at all', async () => {
  const { names } = await importsIn({
    'main.ts': `
      import first, { type Shape, second as other } from '@scope/one';
      import type { Never } from 'types-only';
      import * as all from 'two/part';
      export { third } from 'three';
      import 'four';
      const shape: Shape | Never = [first, other, all];
      console.log(shape);
    `,
  });
  expect(names).toEqual({ '@scope/one': ['default', 'second'], four: [], three: ['third'], 'two/part': ['*'] });
});

test('what only a function asks for that nothing calls is linked all the same', async () => {
  const { names } = await importsIn({
    'main.ts': `import './other.ts';`,
    'other.ts': `import { used } from 'one'; export function nobody() { return used; }`,
  });
  expect(names).toEqual({ one: ['used'] });
});

test('imports on demand are told by name where they say which, and wholly where they do not', async () => {
  const { names } = await importsIn({
    'main.ts': `
      const { first, second: other, third = 3 } = await import('one');
      const rest = await import('two');
      console.log(first, other, third, rest, await import('node:fs'));
    `,
  });
  expect(names).toEqual({ one: ['first', 'second', 'third'], two: ['*'] });
});

test("the program's own files are told, those on demand too, and those of packages and of Node are not", async () => {
  const later = './later.ts';
  const { files } = await importsIn({
    'main.ts': `import 'node:fs'; import './other.ts'; await import('${later}'); import { x } from 'package'; console.log(x);`,
    'other.ts': '',
    'later.ts': '',
  });
  expect(files).toEqual(['later.ts', 'main.ts', 'other.ts']);
});

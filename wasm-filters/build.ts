/** Compiles every filter of this folder (`<name>/assembly/index.ts`) to `build/<name>.wasm`. Does nothing when no input changed. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfChanged } from '../services/platform/tools/build-if-changed.ts';
import { compileFilter } from './compile-filter.ts';

const folder = import.meta.dirname;
const output = join(folder, 'build');
const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'assembly/index.ts')));

const sourcesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => join(path, file));

const inputs = [
  ...sourcesIn(join(folder, 'abi')),
  ...names.flatMap((name) => sourcesIn(join(folder, name, 'assembly'))),
  join(folder, '../package-lock.json'),
  join(folder, 'compile-filter.ts'),
  import.meta.filename,
];

mkdirSync(output, { recursive: true });
await buildIfChanged({ name: 'wasm filters', inputs, output }, () => {
  for (const name of names) compileFilter(`${name}/assembly/index.ts`, join(output, `${name}.wasm`));
});

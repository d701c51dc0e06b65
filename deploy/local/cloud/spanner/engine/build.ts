/** Builds gen/template, the database directory that a new local Spanner starts from. Does nothing when no input changed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfChanged } from '../../../../../services/platform/tools/build-if-changed.ts';

const folder = import.meta.dirname;
const makeTemplate = join(folder, 'make-template.ts');
const output = join(folder, 'gen');
const inputs = [
  import.meta.filename,
  makeTemplate,
  join(folder, 'database-directory.ts'),
  join(folder, '../../../../../node_modules/@electric-sql/pglite/package.json'),
];

await buildIfChanged({ name: 'database template of the local Spanner', inputs, output }, () => {
  // The folder itself stays: where an image is built, it is a mount.
  mkdirSync(output, { recursive: true });
  for (const entry of readdirSync(output)) rmSync(join(output, entry), { recursive: true });
  // A process of its own: PGlite is loaded only when there is something to build.
  execFileSync(process.execPath, [makeTemplate], { stdio: 'inherit' });
});

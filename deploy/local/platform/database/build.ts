/** Builds the database that a state begins with. Does nothing when no input changed. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { servicesFolder } from '../../../../services/platform/contracts/product-folder.ts';
import { buildIfChanged } from '../../../../services/platform/tools/build-if-changed.ts';
import { SPANNER_NODE_FLAGS } from '../../cloud/spanner/engine/node-flags.ts';
import { firstDatabase } from './first-database.ts';
import { migrationFiles } from './migrations.ts';

const root = join(import.meta.dirname, '../../../..');
const makeFirstDatabase = join(import.meta.dirname, 'make-first-database.ts');
const code = globSync('{deploy/local/cloud/spanner,services/platform/cloud/spanner,deploy/local/platform/database}/**/*.ts', {
  cwd: root,
  exclude: ['**/gen/**', '**/*.test.ts'],
});
const inputs = [
  ...code.toSorted().map((file) => join(root, file)),
  ...migrationFiles().map((file) => join(servicesFolder, file)),
  join(root, 'node_modules/@electric-sql/pglite/package.json'),
];

await buildIfChanged({ name: 'database of a first start', inputs, output: firstDatabase }, () => {
  // A process of its own: the database and its client are loaded only when there is something to build.
  execFileSync(process.execPath, [...SPANNER_NODE_FLAGS, makeFirstDatabase], { stdio: 'inherit' });
});

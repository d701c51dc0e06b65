/** Builds the packages that the platform's processes import (`packages-folder.ts`). Does nothing when no input changed. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { servicesFolder } from '../../../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { buildIfChanged } from '../../../services/platform/tools/build-if-changed.ts';
import { outsideWorldFile } from '../cloud/outside-world-file.ts';
import type { Imports } from './imports.ts';
import { packagesFolder, putBundles } from './packages-folder.ts';

const root = join(import.meta.dirname, '../../..');
const programs = [
  ...serviceNames.map((name) => join(servicesFolder, name, 'main.ts')),
  ...['deploy/local/cloud/main.ts', 'deploy/local/cloud/spanner/main.ts', 'gateway/control-plane/main.ts'].map((file) => join(root, file)),
  // The local cloud looks for it, and no import says so.
  ...(existsSync(outsideWorldFile) ? [outsideWorldFile] : []),
];
const importsFolder = `${packagesFolder}.imports`;
const filesFile = join(importsFolder, 'files');
const namesFile = join(importsFolder, 'names.json');

// A file that has come since the last time is imported by one that has changed. It counts as an input from the next time on.
const known = existsSync(filesFile)
  ? readFileSync(filesFile, 'utf8')
      .split('\n')
      .map((file) => join(root, file))
  : [];
const sources = [...new Set([...programs, ...known])].filter((file) => existsSync(file));

await buildIfChanged(
  {
    name: 'list of imports',
    inputs: [
      join(import.meta.dirname, 'imports.ts'),
      ...['tsconfig.json', 'package-lock.json'].map((file) => join(root, file)),
      ...sources,
    ],
    output: importsFolder,
  },
  async () => {
    // Loaded only when there is something to build: every start of the platform comes by here.
    const { importsOf } = await import('./imports.ts');
    const imports = await importsOf(programs, root);
    mkdirSync(importsFolder, { recursive: true });
    writeFileSync(filesFile, imports.files.join('\n'));
    writeFileSync(namesFile, JSON.stringify(imports.names));
  },
);

const inputs = [
  ...['bundle.ts', 'packages-folder.ts'].map((file) => join(import.meta.dirname, file)),
  ...[
    'client-protos.ts',
    'inside-of.ts',
    'packages.ts',
    'shrink/lazy-requires.ts',
    'shrink/on-demand-packages.ts',
    'shrink/postponed-work.ts',
    'shrink/scripts.ts',
  ].map((file) => join(root, 'deploy/docker', file)),
  join(root, 'package-lock.json'),
];

await buildIfChanged({ name: 'packages of the local platform', inputs: [namesFile, ...inputs], output: packagesFolder }, async () => {
  const { bundlePackages } = await import('./bundle.ts');
  putBundles(await bundlePackages(JSON.parse(readFileSync(namesFile, 'utf8')) as Imports['names']));
});

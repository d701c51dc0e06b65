/** Builds the console's page into `gen/`. Does nothing when no input changed. */
import { cpSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfChanged } from '../../../services/platform/tools/build-if-changed.ts';
import { appFolder } from './serve-app.ts';

const app = join(import.meta.dirname, 'app');
const inputs = [
  ...globSync('app/**/*.{ts,tsx,css,html}', { cwd: import.meta.dirname })
    .toSorted()
    .map((file) => join(import.meta.dirname, file)),
  join(import.meta.dirname, '../../../package-lock.json'),
];

mkdirSync(appFolder, { recursive: true });
await buildIfChanged({ name: 'console', inputs, output: appFolder }, async () => {
  // Loaded only when there is something to build: every start of the platform comes by here.
  const { build } = await import('esbuild');
  await build({
    entryPoints: [join(app, 'app.tsx')],
    outdir: appFolder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
  });
  cpSync(join(app, 'index.html'), join(appFolder, 'index.html'));
  cpSync(join(app, 'app.css'), join(appFolder, 'app.css'));
});

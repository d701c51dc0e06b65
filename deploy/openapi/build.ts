/** Builds what the edge shows of the API into `gen/openapi`: a document for each audience, and the page that reads them. Does nothing when no input changed. */
import { cpSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentsFolder } from '../../services/platform/contracts/documents-folder.ts';
import { genFolder } from '../../services/platform/contracts/product-folder.ts';
import { buildIfChanged } from '../../services/platform/tools/build-if-changed.ts';
import { reasonFiles } from '../error-catalogue.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'gateway/openapi/page');
const sources = globSync(['gateway/openapi/**/*.{ts,html,css}', 'deploy/openapi/*.ts', 'services/platform/chassis/errors/*.ts'], {
  cwd: root,
})
  .filter((file) => !file.endsWith('.test.ts'))
  .toSorted();

const inputs = [
  join(genFolder, 'commented.binpb'),
  join(root, 'gateway/bootstrap/filters/grpc-json-transcoder.ts'),
  ...sources.map((file) => join(root, file)),
  ...reasonFiles(),
  join(root, 'package-lock.json'),
];

mkdirSync(documentsFolder, { recursive: true });
await buildIfChanged({ name: 'documents of the API', inputs, output: documentsFolder }, async () => {
  // Loaded only when there is something to build: every start of the platform comes by here.
  const [{ openApiDocuments }, { build }] = await Promise.all([import('./documents.ts'), import('esbuild')]);
  for (const [name, document] of await openApiDocuments()) writeFileSync(join(documentsFolder, name), JSON.stringify(document));
  await build({
    entryPoints: [join(page, 'page.ts')],
    outdir: documentsFolder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
  });
  for (const file of ['page.html', 'page.css']) cpSync(join(page, file), join(documentsFolder, file));
});

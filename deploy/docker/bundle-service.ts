import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { descriptorFile } from '../../services/contracts/descriptor-file.ts';
import type { ServiceImage } from './images.ts';
import { onDemandPackages } from './on-demand-packages.ts';
import { bundleBanner, copyPackageFiles, packageFolders } from './packages.ts';
import { postponedWork } from './postponed-work.ts';

const root = join(import.meta.dirname, '../..');

/** Bundles a service into `folder`: main.js, the chunks that it loads later, and the files that it reads. Nothing else is needed but Node. */
export async function bundleService(name: ServiceImage, folder: string): Promise<readonly string[]> {
  const inputs = await bundleProgram(join(root, 'services', name, 'main.ts'), folder);
  mkdirSync(join(folder, 'gen'));
  for (const file of ['descriptor.binpb', 'served-methods.json']) cpSync(join(dirname(descriptorFile), file), join(folder, 'gen', file));
  return inputs;
}

/** Bundles any program likewise. Returns the files that are in it, from the root of the project. */
export async function bundleProgram(program: string, folder: string): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: program },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    banner: { js: bundleBanner },
    // Identifiers stay: stack traces in the log can be read without a source map.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    plugins: [onDemandPackages, postponedWork, packageFolders],
    metafile: true,
    logLevel: 'warning',
  });
  // Without it Node reads each file as CommonJS first.
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  copyPackageFiles(folder);
  return Object.keys(metafile.inputs);
}

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type TransformOptions, transform, version } from 'esbuild';
import { descriptorFile } from '../../services/platform/contracts/descriptor-file.ts';
import { servicesFolder } from '../../services/platform/contracts/product-folder.ts';
import { copyPackageFiles, packageFolders } from './packages.ts';
import { remembered } from './remembered.ts';
import { onDemandPackages } from './shrink/on-demand-packages.ts';
import { postponedWork } from './shrink/postponed-work.ts';
import type { Rewrite } from './shrink/rewrites.ts';
import { asScript, inChunks } from './shrink/scripts.ts';

const root = join(import.meta.dirname, '../..');

/** Bundles a service into `folder`: main.js, the chunks that it loads, and the files that it reads. Nothing else is needed but Node. `without` is left out of what makes it start fast. */
export async function bundleService(name: string, folder: string, without?: Rewrite): Promise<readonly string[]> {
  const inputs = await bundleProgram(join(servicesFolder, name, 'main.ts'), folder, without);
  copyContracts(folder);
  return inputs;
}

/** What every program reads that knows the protos. */
export function copyContracts(folder: string): void {
  mkdirSync(join(folder, 'gen'));
  for (const file of ['descriptor.binpb', 'services.json']) cpSync(join(dirname(descriptorFile), file), join(folder, 'gen', file));
}

/** Bundles any program likewise. Returns the files that are in it, from the root of the project. */
export async function bundleProgram(program: string, folder: string, without?: Rewrite): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { program },
    outdir: folder,
    ...inChunks,
    minifyWhitespace: true,
    plugins: [onDemandPackages, postponedWork(without), packageFolders(without)],
    metafile: true,
  });
  await Promise.all(outputFiles.map(async ({ path, text }) => writeFileSync(path, await chunk(text))));
  cpSync(join(import.meta.dirname, 'shrink/chunk-loader.cjs'), join(folder, 'main.js'));
  cpSync(join(import.meta.dirname, 'shrink/v8-flags.cjs'), join(folder, 'v8-flags.cjs'));
  // Without it Node looks for one in the folders above.
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}\n');
  copyPackageFiles(folder);
  return Object.keys(metafile.inputs);
}

const options: TransformOptions = {
  ...asScript,
  define: { 'import.meta.dirname': '__folder' },
  minifySyntax: true,
  minifyWhitespace: true,
};

/** A module as a script whose value is a function, for chunk-loader.cjs. A changed line changes few chunks: those of packages are as they were. */
async function chunk(module: string): Promise<string> {
  const code = await remembered('chunk', [version, JSON.stringify(options), module], async () => (await transform(module, options)).code);
  return `(function (exports, module, require, __folder, __packages) {${code}\n})`;
}

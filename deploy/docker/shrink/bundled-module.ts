import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageFolders } from '../packages.ts';
import { postponedWork } from './postponed-work.ts';

const root = join(import.meta.dirname, '../../..');

/**
 * What a module exports in a bundle, as an image has it, with nothing loaded yet: for tests that hold rewritten packages to those that are installed.
 *
 * @param contents the module, ES; paths are from the root of the project.
 * @param globals that it sees in the place of its own.
 */
export async function bundledModule(contents: string, globals: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minifySyntax: true,
    plugins: [postponedWork(), packageFolders()],
    write: false,
  });
  const module = { exports: {} };
  const scope = { ...globals, module, exports: module.exports, require: createRequire(import.meta.url) };
  new Function(...Object.keys(scope), outputFiles[0]!.text)(...Object.values(scope));
  return module.exports;
}

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Plugin } from 'esbuild';
import { remembered } from '../remembered.ts';

const namespace = 'on demand';

/**
 * Keeps the named exports of packages that are loaded by `import()`: where a bundle is split, esbuild gives a CommonJS package that is loaded so a default
 * export only. The names are written out, as Node itself sees them.
 */
export const onDemandPackages: Plugin = {
  name: 'packages on demand',
  setup(build) {
    build.onResolve({ filter: /^[@a-z]/ }, ({ path, kind, resolveDir }) => {
      if (kind !== 'dynamic-import' || path.startsWith('node:') || builtinModules.includes(path)) return undefined;
      return { path, namespace, pluginData: resolveDir };
    });
    build.onLoad({ filter: /.*/, namespace }, async ({ path, pluginData: resolveDir }) => {
      return { contents: `export { ${(await exportsOf(path)).filter(isName).join(', ')} } from ${JSON.stringify(path)};`, resolveDir };
    });
  },
};

const root = join(import.meta.dirname, '../../..');
const namesOf = (specifier: string) => `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)}))))`;

/** Not so `module.exports`, which Node gives of what is in CommonJS. */
export const isName = (exported: string) => /^[\w$]+$/.test(exported);

/**
 * The names of what a package exports, as Node itself sees them: asked of a process of its own, since a test's loader sees others. The package is loaded for that, which
 * takes Google's clients a second.
 */
export async function exportsOf(specifier: string): Promise<readonly string[]> {
  const inputs = [process.version, namesOf(specifier), readFileSync(join(root, 'package-lock.json'), 'utf8')];
  const names = await remembered('exports', inputs, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', namesOf(specifier)], { cwd: root });
    return stdout;
  });
  return JSON.parse(names) as string[];
}

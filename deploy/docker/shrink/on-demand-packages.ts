import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { remembered } from '../remembered.ts';

const namespace = 'on demand';
const lockfile = join(import.meta.dirname, '../../../package-lock.json');

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
      return { contents: `export { ${(await exportsOf(path)).join(', ')} } from ${JSON.stringify(path)};`, resolveDir };
    });
  },
};

/** The names of what a package exports, as Node itself sees them. It is loaded for that, which takes Google's clients a second. */
export async function exportsOf(name: string): Promise<readonly string[]> {
  const inputs = [process.version, name, readFileSync(lockfile, 'utf8')];
  const names = JSON.parse(await remembered('exports', inputs, async () => JSON.stringify(Object.keys(await import(name))))) as string[];
  return names.filter((exported) => /^[\w$]+$/.test(exported));
}

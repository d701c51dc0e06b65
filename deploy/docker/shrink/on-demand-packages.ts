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
      const names = await exportsOf(path);
      const named = names.filter((name) => name !== 'default' && /^[\w$]+$/.test(name));
      const lines = [`export { ${named.join(', ')} } from ${JSON.stringify(path)};`];
      if (names.includes('default')) lines.push(`export { default } from ${JSON.stringify(path)};`);
      return { contents: lines.join('\n'), resolveDir };
    });
  },
};

/** What a package exports, by name. It is loaded for that, which takes Google's clients a second. */
async function exportsOf(name: string): Promise<readonly string[]> {
  const inputs = [process.version, name, readFileSync(lockfile, 'utf8')];
  return JSON.parse(await remembered('exports', inputs, async () => JSON.stringify(Object.keys(await import(name))))) as string[];
}

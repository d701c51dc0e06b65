import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

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
      return { contents: `export { ${(await exportsOf(path)).join(', ')} } from ${JSON.stringify(path)};`, resolveDir };
    });
  },
};

/** The names of what a package exports, as Node itself sees them. */
export async function exportsOf(specifier: string): Promise<string[]> {
  return Object.keys(await import(specifier)).filter((name) => /^[\w$]+$/.test(name));
}

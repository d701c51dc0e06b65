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
      const names = Object.keys(await import(path));
      const named = names.filter((name) => name !== 'default' && /^[\w$]+$/.test(name));
      const lines = [`export { ${named.join(', ')} } from ${JSON.stringify(path)};`];
      if (names.includes('default')) lines.push(`export { default } from ${JSON.stringify(path)};`);
      return { contents: lines.join('\n'), resolveDir };
    });
  },
};

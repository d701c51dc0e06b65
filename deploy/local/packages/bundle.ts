import { basename, join, relative } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';
import { packageFolders } from '../../docker/packages.ts';
import { exportsOf, isName, onDemandPackages } from '../../docker/shrink/on-demand-packages.ts';
import { postponedWork } from '../../docker/shrink/postponed-work.ts';
import { asScript, inChunks } from '../../docker/shrink/scripts.ts';
import type { Imports } from './imports.ts';
import { entryOf, packagesFolder } from './packages-folder.ts';

const root = join(import.meta.dirname, '../../..');

/** Packages that read files beside themselves, and stay as they are installed. */
const installed = new Set(['@electric-sql/pglite']);

/** From a folder of bundles to the packages as they are installed. */
const fromBundles = `${relative(join(packagesFolder, 'bundles'), join(root, 'node_modules'))}/`;

/**
 * Bundles packages as images have them: a file for each specifier, and chunks that these share, so that a process loads no module twice.
 *
 * @param names what is imported of each; nothing else can be. What is not installed here is left to whoever imports it.
 * @returns the files' texts by their names.
 * @throws where the default of an ES module is imported, which a script cannot give.
 */
export async function bundlePackages(names: Imports['names']): Promise<ReadonlyMap<string, string>> {
  const entries = new Map<string, string>();
  for (const [specifier, imported] of Object.entries(names)) {
    if (!installed.has(specifier) && isHere(specifier)) entries.set(entryOf(specifier), await entry(specifier, imported));
  }
  const defaults = new Set(
    Object.keys(names)
      .filter((specifier) => names[specifier]?.includes('default'))
      .map((specifier) => `${entryOf(specifier)}.js`),
  );
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries([...entries.keys()].map((name) => [name, `entry:${name}`])),
    outdir: 'out',
    // Lines stay: stack traces can be read.
    ...inChunks,
    plugins: [written(entries), onDemandPackages, postponedWork(), packageFolders()],
  });
  const files = new Map([['package.json', '{"type":"commonjs"}\n']]);
  for (const { path, text } of outputFiles) files.set(basename(path), await script(text, defaults.has(basename(path))));
  return files;
}

/** A module that exports what is imported of a package. */
async function entry(specifier: string, imported: readonly string[]): Promise<string> {
  const exported = imported.includes('*') || imported.includes('default') ? await exportsOf(specifier) : [];
  if (imported.includes('default') && !exported.includes('module.exports')) {
    throw new Error(`the default of ${specifier} cannot be bundled: import what you need of it by name`);
  }
  const all = imported.includes('*') ? exported.filter((name) => isName(name) && name !== 'default') : [];
  return `export { ${[...new Set([...all, ...imported.filter((name) => name !== '*')])].join(', ')} } from '${specifier}';`;
}

function isHere(specifier: string): boolean {
  try {
    import.meta.resolve(specifier);
    return true;
  } catch {
    return false;
  }
}

/** A module as a script. */
async function script(module: string, hasDefault: boolean): Promise<string> {
  const { code } = await transform(module, asScript);
  // Where packages look for files of their own, wherever the project is copied to.
  const packages = `const __packages = require('node:path').join(__dirname, ${JSON.stringify(fromBundles)});\n`;
  // Node gives all of a script to whoever imports the default. Of a package in CommonJS, the default is all too.
  return `${packages}${code}${hasDefault ? 'module.exports = module.exports.default;\n' : ''}`;
}

/** Modules that are in no file. */
function written(modules: ReadonlyMap<string, string>): Plugin {
  return {
    name: 'written modules',
    setup(on) {
      on.onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice('entry:'.length), namespace: 'entry' }));
      on.onLoad({ filter: /./, namespace: 'entry' }, ({ path }) => ({ contents: modules.get(path) ?? '', resolveDir: root }));
    },
  };
}

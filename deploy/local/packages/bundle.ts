import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';
import { packageFolders } from '../../docker/packages.ts';
import { exportsOf, onDemandPackages } from '../../docker/shrink/on-demand-packages.ts';
import { postponedWork } from '../../docker/shrink/postponed-work.ts';
import type { Imports } from './imports.ts';
import { entryOf } from './packages-folder.ts';

const root = join(import.meta.dirname, '../../..');

/** Packages that read files beside themselves, and stay as they are installed. */
const installed = new Set(['@electric-sql/pglite']);

/**
 * Bundles packages as images have them: a file for each specifier, and chunks that these share, so that a process loads no module twice.
 *
 * @param names what is imported of each; nothing else can be.
 * @param folder that is filled; what was in it is gone.
 */
export async function bundlePackages(names: Imports['names'], folder: string): Promise<void> {
  const entries = new Map<string, string>();
  for (const [specifier, imported] of Object.entries(names)) {
    if (installed.has(specifier)) continue;
    const exported = imported.includes('*') ? (await exportsOf(specifier)).filter((name) => name !== 'default') : imported;
    entries.set(entryOf(specifier), `export { ${exported.join(', ')} } from '${specifier}';`);
  }
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries([...entries.keys()].map((entry) => [entry, `entry:${entry}`])),
    outdir: folder,
    bundle: true,
    splitting: true,
    // Only modules can be split.
    format: 'esm',
    platform: 'node',
    target: 'node26',
    // Lines stay, as do identifiers: stack traces can be read.
    minifySyntax: true,
    legalComments: 'none',
    plugins: [written(entries), onDemandPackages, postponedWork(), packageFolders()],
    write: false,
    logLevel: 'warning',
  });
  const defaults = new Set(
    Object.keys(names)
      .filter((specifier) => names[specifier]?.includes('default'))
      .map(entryOf),
  );
  const toPackages = `${relative(folder, join(root, 'node_modules'))}/`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}\n');
  for (const { path, text } of outputFiles) writeFileSync(path, await script(text, toPackages, defaults.has(basename(path, '.js'))));
}

/** A module as a script: V8 can cache all of a script's functions, but of a module's few. */
async function script(module: string, toPackages: string, hasDefault: boolean): Promise<string> {
  const { code } = await transform(module, { format: 'cjs', platform: 'node', target: 'node26', supported: { 'dynamic-import': false } });
  // Where packages look for files of their own, wherever the project is copied to.
  const packages = `const __packages = require('node:path').join(__dirname, ${JSON.stringify(toPackages)});\n`;
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

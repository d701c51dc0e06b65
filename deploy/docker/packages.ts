import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { Plugin } from 'esbuild';
import { insideOf } from './inside-of.ts';
import { changed } from './shrink/postponed-work.ts';
import type { Rewrite } from './shrink/rewrites.ts';

/**
 * The files that packages read beside themselves at run time, which a bundler cannot see: by package, as paths inside of it. A package that looks for its
 * folder and is not named here ends the build.
 */
const dataFiles: Readonly<Record<string, readonly string[]>> = {
  // The definition of the health service.
  'grpc-health-check': ['proto/health/v1/health.proto'],
  // For clients that are made from .proto files: ours come with JSON.
  'google-gax': [],
  // Its own .proto files are for clients that are made from them: this one comes with JSON.
  '@google-cloud/spanner': [],
  // For channelz, which is switched off, and for the load reports of xDS.
  '@grpc/grpc-js': [],
  // Worker threads: log lines are written by the main one.
  pino: [],
  'thread-stream': [],
  // Loaders for automatic instrumentation: spans are made by interceptors.
  'import-in-the-middle': [],
  'require-in-the-middle': [],
};

/** Google's clients that read their JSON by paths that they join at run time. */
const readsJson = ['@google-cloud/tasks/', '@google-cloud/run/'];

const root = join(import.meta.dirname, '../..');
const knowsItsFolder = /\b__dirname\b|\brequire\.resolve\(|\bimport\.meta\b/;

/**
 * Lets packages find their files from inside a bundle: each keeps the folder that it has in node_modules, under `packages/` beside the bundle. JSON that is
 * read by a computed path becomes part of the bundle. Rewrites are made on the way, but for `without`.
 */
export function packageFolders(without?: Rewrite): Plugin {
  return {
    name: 'package folders',
    setup(build) {
      build.onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, ({ path }) => {
        const source = changed(path, without);
        const inside = insideOf(path);
        if (readsJson.some((name) => inside.startsWith(name))) return { contents: withStaticJson(source), loader: 'js' };
        // Comments do not look for anything.
        if (!knowsItsFolder.test(source.replaceAll(/\/\*[\s\S]*?\*\//g, ''))) {
          return { contents: source, loader: 'js' };
        }
        if (!Object.hasOwn(dataFiles, packageOf(inside))) {
          return { errors: [{ text: `${inside} looks for its own folder: say in deploy/docker/packages.ts which files it reads` }] };
        }
        return { contents: withFolder(source, inside), loader: 'js' };
      });
    },
  };
}

/** Copies the files that packages read at run time to where they look for them. */
export function copyPackageFiles(bundle: string): void {
  for (const [name, files] of Object.entries(dataFiles)) {
    for (const file of files) cpSync(join(root, 'node_modules', name, file), join(bundle, 'packages', name, file), { recursive: true });
  }
}

function packageOf(inside: string): string {
  return inside.split('/', inside.startsWith('@') ? 2 : 1).join('/');
}

function withFolder(code: string, inside: string): string {
  return code
    .replaceAll(/\b__dirname\b/g, `(__packages + ${JSON.stringify(dirname(inside))})`)
    .replaceAll(/\brequire\.resolve\('([^']+)'\)/g, (_, path: string) => `(__packages + ${JSON.stringify(fileOf(path))})`);
}

/** The file that a specifier of a package stands for, as it lies in node_modules. */
function fileOf(specifier: string): string {
  return relative(join(root, 'node_modules'), createRequire(import.meta.url).resolve(specifier));
}

/** Such a client's JSON as part of the bundle. */
function withStaticJson(source: string): string {
  const imports: string[] = [];
  const code = source.replaceAll(/getJSON\(path\.join\(dirname, ([^)]*)\)\)/g, (_, parts: string) => {
    const file = [...parts.matchAll(/'([^']+)'/g)].map((part) => part[1]).join('/');
    imports.push(`import __json${imports.length} from './${file}';`);
    return `__json${imports.length - 1}`;
  });
  return `${imports.join('\n')}\n${code.replaceAll(/^const dirname = .*$/gm, '')}`;
}

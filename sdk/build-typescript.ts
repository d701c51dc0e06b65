import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { errorReasons } from '../deploy/error-catalogue.ts';
import { platformReasons } from '../services/platform/chassis/errors/error-reasons.ts';
import { genFolder } from '../services/platform/contracts/product-folder.ts';
import { product } from '../services/platform/contracts/services.ts';
import { clientFiles, clientMethods } from './client-files.ts';

const root = join(import.meta.dirname, '..');

/** Where the package is built. */
export const typescriptFolder = join(genFolder, 'sdk/typescript');

/** What the package needs, in the versions that it was tried with. */
const dependencies = ['@bufbuild/protobuf', '@connectrpc/connect', '@connectrpc/connect-web', 'jose'];

/**
 * Builds the TypeScript package for partners and apps: generated messages and services of their methods, reasons as a type, and what is in
 * `sdk/typescript/src`. Returns the file that `npm install` takes.
 */
export function buildTypescript(reasonTable: Awaited<ReturnType<typeof errorReasons>>): string {
  rmSync(typescriptFolder, { recursive: true, force: true });
  const sources = join(typescriptFolder, 'src');
  const compiled = join(typescriptFolder, 'dist');
  mkdirSync(sources, { recursive: true });
  for (const file of clientFiles()) {
    for (const end of ['_pb.js', '_pb.d.ts']) {
      for (const folder of [sources, compiled]) {
        const target = join(folder, 'proto', `${file}${end}`);
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(genFolder, 'types', `${file}${end}`), target);
      }
    }
  }
  const named = new Set([...Object.keys(platformReasons), ...clientMethods().flatMap(({ reasons }) => reasons)]);
  const reasons = Object.fromEntries(Object.entries(reasonTable).filter(([reason]) => named.has(reason)));
  writeFileSync(join(sources, 'reasons.ts'), reasonsSource(reasons));
  cpSync(join(import.meta.dirname, 'typescript/src'), sources, { recursive: true });
  writeFileSync(join(typescriptFolder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  writeFileSync(join(typescriptFolder, 'tsconfig.json'), JSON.stringify(compilerOptions));
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', typescriptFolder], { stdio: 'inherit' });
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts'], { cwd: typescriptFolder, encoding: 'utf8' });
  return join(typescriptFolder, packed.trim());
}

function reasonsSource(reasons: object): string {
  return `/** Every reason that a method of this package may refuse with: its code, what it means, what to do. */
export const reasons = ${JSON.stringify(reasons, null, 2)} as const;

/** A reason. */
export type Reason = keyof typeof reasons;
`;
}

function manifest(): object {
  const {
    version,
    devDependencies,
    dependencies: own,
  } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<'devDependencies' | 'dependencies', Record<string, string>> & {
    version: string;
  };
  const versions = { ...devDependencies, ...own };
  return {
    name: `${product}-api`,
    version,
    description: 'The API for partners and apps: clients, tokens, reasons',
    license: 'UNLICENSED',
    type: 'module',
    files: ['dist'],
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './*': { types: './dist/proto/*.d.ts', default: './dist/proto/*.js' },
    },
    dependencies: Object.fromEntries(dependencies.map((name) => [name, versions[name]])),
  };
}

const compilerOptions = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: [],
    strict: true,
    declaration: true,
    skipLibCheck: true,
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src/**/*.ts'],
};

/** `npm run golden`: brings everything that is derived and kept in the repository up to date. The tests that compare it name this command. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { productFolder } from '../services/platform/contracts/product-folder.ts';

import { runCommand, UsageError } from '../services/platform/tools/command-line.ts';

const root = join(import.meta.dirname, '..');

/** Files that may change here: their contents by path. */
function kept(): Map<string, string> {
  const files = [
    'proto/**/*.proto',
    'gateway/bootstrap/golden/**',
    'deploy/cloud-run/golden/**',
    'deploy/openapi/golden/**',
    'docs/reference/*.md',
  ].flatMap((pattern) => globSync(pattern, { cwd: root }).filter((file) => statSync(join(root, file)).isFile()));
  return new Map(files.toSorted().map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

const usage = `usage:
  npm run golden
      formats the protos, builds, and writes anew what is derived from protos, code and environments and kept in the repository:
      gateway/bootstrap/golden, deploy/cloud-run/golden, deploy/openapi/golden, the tables of docs/reference/errors.md and state-machines.md`;

/** Faults of what the golden files are made from. They say what to do, and a stack trace adds nothing. */
const mistakes = new Set(['ServiceListError', 'MethodError', 'ReasonError', 'EnvironmentError', 'DocumentError']);

/** Also what was run and has said itself what was wrong. */
function isMistake(error: unknown): boolean {
  return error instanceof Error && (mistakes.has(error.name) || 'status' in error);
}

await runCommand({ usage, isMistake }, async () => {
  parseArgs({ options: {} });
  if (productFolder !== root) {
    throw new UsageError("the golden files are those of this repository's product: unset KUMIKO_PRODUCT");
  }
  const before = kept();
  // Before the build: it reads the protos.
  run('node_modules/.bin/buf', 'format', '--write', 'proto');
  run(process.execPath, 'deploy/build.ts');
  const [gateway, cloudRun, openapi, documents] = await Promise.all([
    import('../gateway/bootstrap/golden.ts'),
    import('./cloud-run/golden.ts'),
    import('./openapi/golden.ts'),
    import('./golden-documents.ts'),
  ]);
  gateway.writeGoldenFiles();
  cloudRun.writeGoldenFiles();
  await openapi.writeGoldenFiles();
  await documents.writeDocuments();
  const after = kept();
  const changed = [...new Set([...before.keys(), ...after.keys()])].toSorted().filter((file) => before.get(file) !== after.get(file));
  process.stdout.write(changed.length === 0 ? 'nothing to change\n' : `changed:\n${changed.map((file) => `  ${file}\n`).join('')}`);
});

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { cwd: root, stdio: 'inherit' });
}

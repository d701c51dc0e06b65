/** `npm run golden`: brings everything that is derived and kept in the repository up to date. The tests that compare it name this command. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Files that may change here: their contents by path. */
function kept(): Map<string, string> {
  const files = ['proto/**/*.proto', 'gateway/bootstrap/golden/**', 'deploy/cloud-run/golden/**', 'docs/*.md'].flatMap((pattern) =>
    globSync(pattern, { cwd: root }).filter((file) => statSync(join(root, file)).isFile()),
  );
  return new Map(files.toSorted().map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

/** Faults of what the golden files are made from. They say what to do, and a stack trace adds nothing. */
const mistakes = ['ServiceListError', 'MethodError', 'EnvironmentError', 'DocumentError'];

try {
  if (process.env.KUMIKO_PRODUCT !== undefined)
    throw new Error('the golden files are those of this repository’s product: unset KUMIKO_PRODUCT');
  const before = kept();
  // Before the build: it reads the protos.
  run('node_modules/.bin/buf', 'format', '--write', 'proto');
  run(process.execPath, 'deploy/build.ts');
  const [gateway, cloudRun, documents] = await Promise.all([
    import('../gateway/bootstrap/golden.ts'),
    import('./cloud-run/golden.ts'),
    import('./golden-documents.ts'),
  ]);
  gateway.writeGoldenFiles();
  cloudRun.writeGoldenFiles();
  await documents.writeDocuments();
  const after = kept();
  const changed = [...new Set([...before.keys(), ...after.keys()])].toSorted().filter((file) => before.get(file) !== after.get(file));
  process.stdout.write(changed.length === 0 ? 'nothing to change\n' : `changed:\n${changed.map((file) => `  ${file}\n`).join('')}`);
} catch (error) {
  // What ran has said itself what was wrong.
  const told = error instanceof Error && 'status' in error;
  if (!told && !(error instanceof Error && (mistakes.includes(error.name) || error.message.includes('KUMIKO_PRODUCT')))) throw error;
  if (!told) process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { cwd: root, stdio: 'inherit' });
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-build-'));
  writeFileSync(join(folder, 'input'), 'first');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that builds the folder's output: it says where it is, and a build lasts until it is told to go on. */
const script = `
  import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
  import { once } from 'node:events';
  import { buildIfChanged } from ${JSON.stringify(join(import.meta.dirname, 'build-if-changed.ts'))};
  const [folder, fails] = process.argv.slice(1);
  const output = folder + '/out';
  const ran = await buildIfChanged({ name: 'the test', inputs: [folder + '/input'], output }, async () => {
    console.log('begun');
    rmSync(output, { recursive: true, force: true });
    await once(process.stdin, 'data');
    if (fails) throw new Error('the build fails');
    // Fails where another has made it meanwhile.
    mkdirSync(output);
    writeFileSync(output + '/built', 'whole');
  });
  console.log(ran ? 'built' : 'current');
  process.stdin.destroy();
`;

interface Building {
  readonly child: ChildProcess;
  said(text: string): Promise<void>;
  readonly ended: Promise<number | null>;
}

function build(...args: string[]): Building {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder, ...args], { stdio: 'pipe' });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  return {
    child,
    said: (expected) => expect.poll(() => text).toContain(expected),
    ended: once(child, 'close').then(([code]) => code),
  };
}

const goOn = ({ child }: Building) => child.stdin?.write('go on\n');

test('two builds of one output at once end well: the later waits, and finds it done', async () => {
  const first = build();
  await first.said('begun');
  const second = build();
  await second.said('waiting for another build of the test');
  goOn(first);
  await first.said('built');
  await second.said('current');
  expect([await first.ended, await second.ended]).toEqual([0, 0]);
  expect(readFileSync(join(folder, 'out/built'), 'utf8')).toBe('whole');
});

test.each([
  ['fails', (first: Building) => void goOn(first), ['fails']],
  ['is killed', (first: Building) => void first.child.kill('SIGKILL'), []],
])('who waits for a build that %s builds itself', async (_, end, args) => {
  const first = build(...args);
  await first.said('begun');
  const second = build();
  await second.said('waiting for another build of the test');
  end(first);
  expect(await first.ended).not.toBe(0);
  await second.said('begun');
  goOn(second);
  expect(await second.ended).toBe(0);
  expect(readFileSync(join(folder, 'out/built'), 'utf8')).toBe('whole');
});

test('what was built is current in a copy of the project, and is not where an input is another', async () => {
  // The project's root is where the tools say.
  const project = join(folder, 'project');
  const tools = 'services/platform/tools';
  mkdirSync(join(project, tools), { recursive: true });
  for (const name of ['build-if-changed.ts', 'file-lock.ts']) cpSync(join(import.meta.dirname, name), join(project, tools, name));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  writeFileSync(join(project, 'input'), 'first');
  const runs = (place: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', copyScript, place], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  expect(runs(project)).toBe('built\n');
  const copy = join(folder, 'copy');
  cpSync(project, copy, { recursive: true });
  expect(runs(copy)).toBe('current\n');
  writeFileSync(join(copy, 'input'), 'second');
  expect(runs(copy)).toBe('built\n');
});

/** Builds the output of a project by its own tools. */
const copyScript = `
  import { mkdirSync } from 'node:fs';
  const [project] = process.argv.slice(1);
  const { buildIfChanged } = await import(project + '/services/platform/tools/build-if-changed.ts');
  const output = project + '/out';
  const ran = await buildIfChanged({ name: 'the test', inputs: [project + '/input'], output }, () => void mkdirSync(output, { recursive: true }));
  console.log(ran ? 'built' : 'current');
`;

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layers } from './assemble-all.ts';
import { imageEnvironment, nodeFlags } from './image-environment.ts';
import { installedFrom } from './images/build-stages.ts';

const root = join(import.meta.dirname, '../..');
const files = ['services.Dockerfile', 'gateway.Dockerfile'];
/** A Dockerfile with its lines joined, and the names of its stages where arguments stand for them unless told. */
const read = (name: string) => {
  const text = readFileSync(join(import.meta.dirname, name), 'utf8').replaceAll(/\\\n\s*/g, '');
  const stages = [...text.matchAll(/^ARG (\w+)=(\w+)$/gm)];
  return stages.reduce((known, [, argument, stage]) => known.replaceAll(`\${${argument}}`, stage!), text);
};
/** The instructions that the image is made by: of the last stage, and of the one that it begins with. */
const lastStage = (name: string): string[] => {
  const stages = read(name).split(/^FROM /m);
  const last = stages.at(-1)!.split('\n');
  const before = stages.find((stage) => stage.split('\n')[0]!.endsWith(` AS ${last[0]}`));
  return [...(before?.split('\n').slice(1) ?? []), ...last.slice(1)];
};

test.each(files)('%s names base images by argument, with a tag that is not a moving one', (name) => {
  const text = read(name);
  const bases = [...text.matchAll(/^ARG \w+_IMAGE=(\S+)$/gm)].map((match) => match[1]!);
  const stages = [...text.matchAll(/ AS (\w+)$/gm)].map((match) => match[1]!);
  expect([...text.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]!).filter((from) => !stages.includes(from))).toEqual(
    [...text.matchAll(/^ARG (\w+_IMAGE)=/gm)].map((match) => `\${${match[1]}}`),
  );
  // Distroless has no tags for versions: see the README.
  const exact = bases.filter((base) => !base.startsWith('gcr.io/distroless/'));
  expect(exact.filter((base) => !/:v?\d+\.\d+\.\d+/.test(base))).toEqual([]);
});

test.each(files)('%s runs as another user than root, known by number', (name) => {
  const users = lastStage(name).filter((line) => line.startsWith('USER '));
  expect(users).toHaveLength(1);
  expect(users[0]).toMatch(/^USER [1-9]\d+:[1-9]\d+$/);
});

test.each([
  // Its context is what was assembled.
  ['gateway.Dockerfile', ['. /']],
  // From what changes least.
  ['services.Dockerfile', ['--from=installed /runtime/ /', ...layers.map((layer) => `--from=assembled /trees/\${SERVICE}/${layer}/ /`)]],
])('%s copies what was assembled, and nothing else', (name, copied) => {
  const lines = lastStage(name).filter((line) => /^(COPY|ADD)/.test(line));
  expect(lines).toEqual(copied.map((from) => `COPY ${from}`));
  expect(read(name)).toContain('npm run -s assemble -- ');
});

test('what packages are installed from is what decides whether they are installed anew', () => {
  const [before] = read('services.Dockerfile').split(/^RUN .*npm ci/m);
  expect([...before!.matchAll(/^COPY (.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '))).toEqual(installedFrom);
});

test('the stage that assembles begins with an image, which builders would remove were it a stage', () => {
  expect(readFileSync(join(import.meta.dirname, 'services.Dockerfile'), 'utf8')).toMatch(/^FROM \$\{INSTALLED\} AS build$/m);
});

test('the build of services keeps out what is built here', () => {
  const ignored = read('services.Dockerfile.dockerignore').split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['.git', '.kumiko', '**/node_modules', '**/gen', 'rendered']));
});

test('services start with the variables and flags with which tests and benchmark start them', () => {
  const env = lastStage('services.Dockerfile').find((line) => line.startsWith('ENV '))!;
  expect(Object.fromEntries([...env.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]))).toEqual(imageEnvironment);
  const entrypoint = lastStage('services.Dockerfile').find((line) => line.startsWith('ENTRYPOINT '))!;
  expect(JSON.parse(entrypoint.slice('ENTRYPOINT '.length))).toEqual(['/nodejs/node', ...nodeFlags, '/app/main.js']);
});

test('the build image has the version of Node that the project has', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  expect(read('services.Dockerfile')).toContain(`ARG BUILD_IMAGE=node:${dependencies['node']}-`);
});

test.each(['services.Dockerfile', 'compose/local-cloud.Dockerfile'])('%s has all that npm ci runs before it runs it', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-dockerfile-'));
  try {
    const [before] = read(name).split(/^RUN .*npm ci/m);
    for (const [, from, to] of before!.matchAll(/^COPY (.+) (\S+)$/gm)) {
      for (const path of from!.split(' ')) cpSync(join(root, path), join(folder, to === './' ? path : to!), { recursive: true });
    }
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { scripts: { postinstall: string } };
    const [command, ...args] = scripts.postinstall.split(' ');
    expect(command).toBe('node');
    // No Python, no Envoy: as in the build image.
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      env: { PATH: '', XDG_CACHE_HOME: join(folder, 'cache') },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, expect.stringContaining('Everything else is installed')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

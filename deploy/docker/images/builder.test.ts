import { expect, test } from 'vitest';
import { buildArguments, findBuilder, idOf, labelOf, type Run } from './builder.ts';

const build = {
  dockerfile: 'deploy/docker/gateway.Dockerfile',
  tag: 'example/gateway:main',
  args: { ENVOY_IMAGE: 'localhost/envoy' },
  labels: { 'org.opencontainers.image.title': 'gateway' },
  epochSeconds: 1_700_000_000,
  context: '/project',
};

/** A machine on which these commands answer so. */
const machine =
  (answers: Readonly<Record<string, string | undefined>>): Run =>
  async (command, [argument]) => {
    const output = answers[`${command} ${argument}`];
    if (output === undefined) return { code: null, output: '' };
    return output.startsWith('!') ? { code: 125, output: output.slice(1) } : { code: 0, output };
  };

test('the first builder that works is taken: a docker without its daemon is none', async () => {
  const tried = machine({
    'docker --version': 'Docker version 28.2.2, build e6534b4',
    'docker info': '!Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'podman --version': 'podman version 4.3.1',
    'podman info': 'host: …',
  });
  expect(await findBuilder(undefined, tried)).toBe('podman');
  await expect(findBuilder('docker', tried)).rejects.toThrow(
    /Is the docker daemon running\?\): start its daemon, or name another builder with --builder$/,
  );
});

test('a machine without any builder says so of each, and what to do', async () => {
  await expect(findBuilder(undefined, machine({}))).rejects.toThrow(
    'Nothing here builds images:\n  docker is not there\n  podman is not there\n  buildah is not there\nOn Debian and Ubuntu "apt-get install buildah" is enough: it needs no daemon.',
  );
});

test('an old builder is refused with the version that is needed', async () => {
  const tried = machine({
    'buildah --version': 'buildah version 1.19.6 (image-spec 1.0.1-dev, runtime-spec 1.0.2-dev)',
    'buildah info': '{}',
  });
  await expect(findBuilder('buildah', tried)).rejects.toThrow('buildah 1.19 is too old: 1.28 is the oldest that can build these images');
});

test('a user who may not build is told how to become one', async () => {
  const tried = machine({
    'podman --version': 'podman version 4.3.1',
    'podman info': '!cannot set up namespace using "/usr/bin/newuidmap": exit status 1',
  });
  await expect(findBuilder('podman', tried)).rejects.toThrow('run it as root, or give your user ranges in /etc/subuid and /etc/subgid');
});

test.each(['podman', 'buildah'] as const)('%s gives everything one time, and keeps layers', (name) => {
  expect(buildArguments(name, build)).toEqual([
    'build',
    ...['--layers=true', '--timestamp', '1700000000'],
    ...['--file', 'deploy/docker/gateway.Dockerfile', '--tag', 'example/gateway:main'],
    ...['--build-arg', 'ENVOY_IMAGE=localhost/envoy'],
    ...['--label', 'org.opencontainers.image.title=gateway'],
    '/project',
  ]);
});

test('what is built for others only may be one layer, and write to this machine, and others copy from there', () => {
  const stage = { oneLayer: true, volumes: { '/project/made': '/trees' }, contexts: { assembled: '/project/of-it' } };
  const told = ['--volume', '/project/made:/trees:z', '--build-context', 'assembled=/project/of-it'];
  expect(buildArguments('podman', { ...build, ...stage }).slice(0, 8)).toEqual([
    'build',
    '--layers=false',
    '--timestamp',
    '1700000000',
    ...told,
  ]);
  expect(buildArguments('docker', { ...build, ...stage })).toEqual(buildArguments('docker', build));
});

test('docker is given the time as the variable that it knows', () => {
  expect(buildArguments('docker', build).slice(0, 3)).toEqual(['build', '--build-arg', 'SOURCE_DATE_EPOCH=1700000000']);
});

test.each([
  ['podman', ['image', 'inspect', '--format', '{{index .Config.Labels "kumiko.inputs"}}', 'base']],
  ['docker', ['image', 'inspect', '--format', '{{index .Config.Labels "kumiko.inputs"}}', 'base']],
  ['buildah', ['inspect', '--type', 'image', '--format', '{{index .OCIv1.Config.Labels "kumiko.inputs"}}', 'base']],
] as const)('%s is asked for a label of an image, which it may not have', async (name, expected) => {
  const answer = (code: number) => async (_: string, args: readonly string[]) => {
    expect(args).toEqual(expected);
    return { code, output: 'abc' };
  };
  expect(await labelOf(name, 'base', 'kumiko.inputs', answer(0))).toBe('abc');
  expect(await labelOf(name, 'base', 'kumiko.inputs', answer(125))).toBeUndefined();
});

test.each([
  ['podman', ['image', 'inspect', '--format', '{{.Id}}', 'base']],
  ['buildah', ['inspect', '--type', 'image', '--format', '{{.FromImageID}}', 'base']],
] as const)('%s is asked which image it has of a name', async (name, expected) => {
  const answer = async (_: string, args: readonly string[]) => {
    expect(args).toEqual(expected);
    return { code: 0, output: 'e13c' };
  };
  expect(await idOf(name, 'base', answer)).toBe('e13c');
});

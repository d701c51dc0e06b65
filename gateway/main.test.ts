import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { pinnedVersion } from './envoy/pinned-version.ts';

const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
const root = join(import.meta.dirname, '..');

afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function gateway(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const main = join(import.meta.dirname, 'main.ts');
  try {
    const output = await promisify(execFile)(process.execPath, [main, ...args], {
      cwd: root,
      env: { PATH: '', XDG_CACHE_HOME: folder, ...env },
    });
    return { code: 0, ...output };
  } catch (error) {
    return error as Outcome;
  }
}

function file(name: string, text: string, mode = 0o644): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  return path;
}

test('without a command it prints the usage and ends with 2', async () => {
  expect(await gateway([])).toMatchObject({ code: 2, stderr: expect.stringContaining('usage:') });
  expect(await gateway(['render', '--role', 'side'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--role must be edge or jobs'),
  });
});

test('render prints the bootstrap of an environment file', async () => {
  const { code, stdout } = await gateway(['render', '--role', 'jobs', '--environment', 'gateway/bootstrap/environments/production.yaml']);
  expect(code).toBe(0);
  expect(stdout).toContain('host_rewrite_literal: job-1234567890-an.a.run.app');
});

test('a wrong environment ends with 1 and every fault', async () => {
  const { code, stderr } = await gateway(['render', '--role', 'edge', '--environment', file('environment.yaml', 'name: staging')]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/name: .*\n {2}project: /);
});

test('validate prints faults with file and path, and ends with 1', async () => {
  const bad = file('bad.yaml', 'admin: {adress: x}');
  expect(await gateway(['validate', bad])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `${bad}: admin.adress: unknown field of envoy.config.bootstrap.v3.Admin\n`,
  });
});

test('validate asks Envoy as well, and what it warns of is a fault', async () => {
  const args = ['validate', file('good.yaml', 'admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}')];
  const says = (name: string, script: string) =>
    file(name, `#!/bin/sh\n[ "$1" = --version ] && echo "envoy  version: 0/${pinnedVersion}/Clean" && exit\n${script}\n`, 0o755);
  expect(await gateway(args, { ENVOY: says('content', 'exit 0') })).toMatchObject({ code: 0, stdout: `${args[1]}: valid\n` });
  expect(await gateway(args, { ENVOY: says('refusing', 'echo "error initializing configuration: $*" >&2; exit 1') })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`Envoy refuses it: error initializing configuration: --mode validate -c ${args[1]}`),
  });
  expect(
    await gateway(args, { ENVOY: says('warning', 'echo "[2026-01-01 00:00:00.000][1][warning][misc] [a.cc:1] Deprecated field" >&2') }),
  ).toMatchObject({
    code: 1,
    stderr: `${args[1]}: Envoy warns: [a.cc:1] Deprecated field\n`,
  });
  expect(await gateway(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no Envoy') });
});

test('a missing file is told in one line', async () => {
  const { code, stderr } = await gateway(['validate', join(folder, 'none.yaml')]);
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('no such file')]);
});

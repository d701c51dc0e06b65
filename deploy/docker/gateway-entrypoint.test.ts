import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const entrypoint = join(import.meta.dirname, 'gateway-entrypoint.sh');

let folder: string;
let admin: Server;
let events: string[];
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-entrypoint-'));
  events = [];
  admin = createServer((request, response) => {
    events.push(`${request.method} ${request.url}`);
    response.end('OK\n');
  }).listen(0, '127.0.0.1');
  await once(admin, 'listening');
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'etc/edge.yaml'), bootstrap((admin.address() as AddressInfo).port));
  // Says with what it was started, and ends with code 3 where it is told to end.
  writeFileSync(
    join(folder, 'bin/envoy'),
    '#!/bin/bash\ntrap \'echo "TERM" >>"$LOG"; exit 3\' TERM\necho "$@" >>"$LOG"\necho started\nwhile :; do read -r -t 0.05 <> <(:); done\n',
  );
  chmodSync(join(folder, 'bin/envoy'), 0o755);
});

afterEach(() => {
  if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  admin.closeAllConnections();
  admin.close();
  rmSync(folder, { recursive: true, force: true });
});

const bootstrap = (adminPort: number) =>
  [
    'admin:',
    '  address:',
    '    socket_address:',
    '      address: 127.0.0.1',
    `      port_value: ${adminPort}`,
    'static_resources:',
    '  listeners:',
    '    - address:',
    '        socket_address:',
    '          address: 0.0.0.0',
    '          port_value: 8080',
    '  clusters:',
    '    - port_value: 443',
    '',
  ].join('\n');

function start(env: Record<string, string>) {
  const started = spawn(entrypoint, {
    // A group of its own, so that nothing is left behind.
    detached: true,
    env: {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      GATEWAY_ROLE: 'edge',
      GATEWAY_FILES: join(folder, 'etc'),
      TMPDIR: join(folder, 'tmp'),
      LOG: join(folder, 'log'),
      DRAIN_SECONDS: '0.2',
      ...env,
    },
  });
  child = started;
  let stderr = '';
  started.stderr.on('data', (data) => (stderr += data));
  return { started, ended: once(started, 'close').then(([code]) => ({ code, stderr })) };
}

const log = () => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');

test('Envoy serves the bootstrap of the role on PORT, and nothing else of it changes', async () => {
  const { started } = start({ PORT: '9000' });
  await once(started.stdout, 'data');
  const file = join(folder, 'tmp/edge.yaml');
  expect(log()[0]).toContain(`-c ${file}`);
  const served = readFileSync(file, 'utf8');
  expect(served).toBe(bootstrap((admin.address() as AddressInfo).port).replace('port_value: 8080', 'port_value: 9000'));
});

test('SIGTERM fails health checks, drains listeners, and only then ends Envoy', async () => {
  const { started, ended } = start({});
  await once(started.stdout, 'data');
  started.kill('SIGTERM');
  expect(await ended).toEqual({ code: 3, stderr: '' });
  expect(events).toEqual(['POST /healthcheck/fail', 'POST /drain_listeners?graceful']);
  expect(log().at(-1)).toBe('TERM');
});

test('calls have the time of DRAIN_SECONDS to end', async () => {
  const { started, ended } = start({ DRAIN_SECONDS: '60' });
  await once(started.stdout, 'data');
  started.kill('SIGTERM');
  const drained = new Promise<void>((resolve) => admin.on('request', ({ url }) => url?.startsWith('/drain') && resolve()));
  await drained;
  expect(log()).not.toContain('TERM');
  expect(started.exitCode).toBeNull();
  // A second signal does not cut it short.
  started.kill('SIGTERM');
  expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 200, 'still draining'))])).toBe('still draining');
});

test('unless told, that time leaves Envoy some of the ten seconds after which Cloud Run kills', () => {
  const [, seconds] = /^drain_seconds=\$\{DRAIN_SECONDS:-(\d+)\}$/m.exec(readFileSync(entrypoint, 'utf8'))!;
  expect(Number(seconds)).toBeLessThanOrEqual(8);
});

test('without an answer from the admin port Envoy ends all the same', async () => {
  const { started, ended } = start({ DRAIN_SECONDS: '60' });
  await once(started.stdout, 'data');
  admin.closeAllConnections();
  await new Promise((resolve) => admin.close(resolve));
  started.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect(code).toBe(3);
  expect(JSON.parse(stderr)).toMatchObject({ severity: 'WARNING' });
});

test('the code of an Envoy that ends by itself is passed on', async () => {
  writeFileSync(join(folder, 'bin/envoy'), '#!/bin/bash\nexit 7\n');
  expect(await start({}).ended).toEqual({ code: 7, stderr: '' });
});

test.each([
  ['no role', { GATEWAY_ROLE: '' }, 'GATEWAY_ROLE is missing or wrong: expected edge or jobs'],
  ['a role that there is not', { GATEWAY_ROLE: '../edge' }, 'GATEWAY_ROLE is missing or wrong: expected edge or jobs'],
  ['a port that is none', { PORT: '80; ls' }, 'PORT is wrong: expected a port from 1 to 65535'],
  ['a port beyond the last', { PORT: '65536' }, 'PORT is wrong: expected a port from 1 to 65535'],
  ['a time that is none', { DRAIN_SECONDS: 'soon' }, 'DRAIN_SECONDS is wrong: expected seconds such as 7'],
])('%s ends the start with the reason', async (_, env, message) => {
  const { code, stderr } = await start(env).ended;
  expect(code).toBe(1);
  expect(JSON.parse(stderr.trim().split('\n').at(-1)!)).toEqual({ severity: 'CRITICAL', message });
});

test('a bootstrap that is not there ends the start with the reason', async () => {
  const { code, stderr } = await start({ GATEWAY_ROLE: 'jobs' }).ended;
  expect(code).toBe(1);
  expect(stderr).toContain(`${join(folder, 'etc/jobs.yaml')} cannot be read`);
});

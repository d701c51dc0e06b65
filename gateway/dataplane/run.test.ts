import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { testBootstrap } from './testing/test-bootstrap.ts';

const directory = mkdtempSync(join(tmpdir(), 'kumiko-run-'));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(bootstrap: unknown): ChildProcess {
  const file = join(directory, `${children.length}.json`);
  writeFileSync(file, JSON.stringify(bootstrap));
  const main = join(import.meta.dirname, '../main.ts');
  const child = spawn(process.execPath, [main, 'run', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function listening(child: ChildProcess, count: number): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  for await (const line of createInterface({ input: child.stdout! })) {
    const { message, listener, port } = JSON.parse(line) as { message: string; listener: string; port: number };
    if (message === 'listening') ports[listener] = port;
    if (Object.keys(ports).length === count) return ports;
  }
  throw new Error('the data plane ended before it listened');
}

test('prints a line for each listener, and SIGTERM ends it while a stream is open', async () => {
  const upstream = createServer((_request, response) => {
    response.writeHead(200);
    response.write('begun');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'slow', timeout: '0s' } }];
  const child = run(testBootstrap({ clusters: { slow: (upstream.address() as AddressInfo).port }, routes, admin: true }));
  const ports = await listening(child, 2);
  expect(Object.keys(ports).toSorted()).toEqual(['admin', 'test']);
  const response = await fetch(`http://127.0.0.1:${ports.test}/`);
  expect(response.status).toBe(200);
  const reading = response.text().catch(() => 'cut');
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
  expect(await reading).toBe('cut');
  upstream.close();
});

test('a field that is not supported ends the start with its path', async () => {
  const bootstrap = testBootstrap({
    routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
    manager: { forward_client_cert_details: 'SANITIZE' },
  });
  const child = run(bootstrap);
  let text = '';
  child.stderr!.on('data', (chunk) => {
    text += String(chunk);
  });
  expect((await once(child, 'close'))[0]).toBe(1);
  expect(text).toContain(
    'static_resources.listeners[0].filter_chains[0].filters[0].typed_config.forward_client_cert_details: not supported by the embedded data plane',
  );
});

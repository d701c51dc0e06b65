import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';

function smoke(...args: string[]): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'smoke.ts'), ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, output: stdout + stderr });
    });
  });
}

test('a gateway that lets everybody in fails, each check by its name', async () => {
  const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { code, output } = await smoke(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const lines = output.trim().split('\n');
    expect(lines[0]).toBe('ok   a public read comes back from the database, as JSON');
    expect(lines[1]).toMatch(/^FAIL the same read comes back over gRPC: /);
    expect(lines.slice(2)).toEqual([
      'FAIL nobody reads without a token what asks for one: HTTP 200, expected 401',
      'FAIL a header of ours is not believed: HTTP 200, expected 401',
      'FAIL an unknown path is not told from a known one: HTTP 200, expected 401',
    ]);
    expect(code).toBe(1);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('without a URL it says what it wants', async () => {
  expect(await smoke()).toEqual({ code: 2, output: 'usage: node deploy/cloud-run/smoke.ts URL\n' });
});

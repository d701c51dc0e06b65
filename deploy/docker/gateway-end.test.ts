import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readGatewayEnvironment } from '../../gateway/bootstrap/gateway-environment.ts';
import { environmentFolder } from '../../gateway/bootstrap/golden.ts';
import { renderBootstrap } from '../../gateway/bootstrap/render-bootstrap.ts';
import { requireEnvoy } from '../../gateway/envoy/find-envoy.ts';
import { freePort } from '../../services/platform/tools/free-port.ts';
import { serveOtlpGrpc } from '../local/cloud/traces/otlp-grpc.ts';
import type { Span } from '../local/cloud/traces/span.ts';

// The entrypoint of the image with the real Envoy: how a gateway ends.
const entrypoint = join(import.meta.dirname, 'gateway-entrypoint.sh');
let folder: string;
let collector: Awaited<ReturnType<typeof serveOtlpGrpc>>;
let spans: Span[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-gateway-end-'));
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(folder, name));
  symlinkSync(requireEnvoy(), join(folder, 'bin/envoy'));
  spans = [];
  collector = await serveOtlpGrpc(0, (arrived) => spans.push(...arrived));
});

afterEach(() => {
  collector.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the last request before SIGTERM is answered, logged and traced', async () => {
  const [port, admin] = [await freePort(), await freePort()];
  const environment = {
    ...readGatewayEnvironment(join(environmentFolder, 'local.yaml')),
    admin: { host: '127.0.0.1' as const, port: admin },
    otelCollector: { host: '127.0.0.1', port: collector.port, samplingPercent: 100 },
  };
  writeFileSync(join(folder, 'etc/edge.yaml'), renderBootstrap({ role: 'edge', environment }));
  const gateway = spawn(entrypoint, {
    detached: true,
    env: {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      GATEWAY_ROLE: 'edge',
      GATEWAY_FILES: join(folder, 'etc'),
      TMPDIR: join(folder, 'tmp'),
      PORT: String(port),
      DRAIN_SECONDS: '2',
    },
  });
  try {
    let log = '';
    gateway.stdout.on('data', (data) => {
      log += data;
    });
    const ended = once(gateway, 'close');
    await expect
      .poll(() =>
        fetch(`http://127.0.0.1:${port}/health`).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/v1/last-of-all`)).status).toBe(401);
    gateway.kill('SIGTERM');
    await ended;
    expect(log).toContain('"message":"GET /v1/last-of-all 401"');
    expect(JSON.stringify(spans)).toContain('/v1/last-of-all');
  } finally {
    if (gateway.exitCode === null) process.kill(-gateway.pid!, 'SIGKILL');
  }
});

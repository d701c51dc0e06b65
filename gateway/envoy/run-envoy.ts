import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { adminPage, listenerPorts } from './admin-page.ts';
import { hasEnded } from './end-child.ts';
import { EnvoyError } from './envoy-error.ts';
import { requireEnvoy } from './find-envoy.ts';
import { servingAdminPort } from './serving.ts';
import { spawnEnvoy } from './spawn-envoy.ts';

// Milliseconds: the last spans and lines get out within one second.
const drainMs = 1_000;

/**
 * Serves a bootstrap file by Envoy in the foreground: prints a line for each listener, drains at SIGTERM or SIGINT, and ends with Envoy.
 *
 * @throws EnvoyError where there is no Envoy, or it refuses the file; what it said stands on standard error then.
 */
export async function runEnvoy(file: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-envoy-'));
  const addressFile = join(folder, 'admin-address');
  const child = spawnEnvoy({ executable: requireEnvoy(), config: file, args: ['--admin-address-path', addressFile], output: [1, 2] });
  const ended = once(child, 'close');
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
  try {
    const adminPort = await Promise.race([servingAdminPort(child, addressFile), signalled]);
    if (adminPort !== undefined) {
      for (const [listener, port] of Object.entries(await listenerPorts(adminPort))) {
        process.stdout.write(`${JSON.stringify({ severity: 'INFO', message: 'listening', listener, port })}\n`);
      }
      await Promise.race([signalled, ended]);
      if (!hasEnded(child)) await drain(adminPort);
    }
    child.kill('SIGTERM');
    await ended;
    const { exitCode, signalCode } = child;
    if (exitCode !== 0 && signalCode !== 'SIGTERM') throw new EnvoyError(`Envoy ended with ${exitCode ?? signalCode}`);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function drain(adminPort: number): Promise<void> {
  await adminPage(adminPort, '/healthcheck/fail', 'POST');
  await adminPage(adminPort, '/drain_listeners?graceful', 'POST');
  await delay(drainMs);
}

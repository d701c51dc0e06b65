import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { adminPage } from './admin-page.ts';
import { hasEnded } from './end-child.ts';
import { EnvoyError } from './envoy-error.ts';

// Milliseconds. V8 compiles the filters before the first listener is ready.
const startLimit = 30_000;
const pollMs = 20;

/**
 * Waits until Envoy serves, and returns its admin port. Where that is bound it writes into a file
 * (https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-admin-address-path).
 *
 * @throws EnvoyError where it ends, or takes too long.
 */
export async function servingAdminPort(child: ChildProcess, addressFile: string): Promise<number> {
  const deadline = Date.now() + startLimit;
  for (;;) {
    if (hasEnded(child)) throw new EnvoyError('Envoy does not serve the bootstrap: it ended');
    if (Date.now() > deadline) throw new EnvoyError(`Envoy does not serve the bootstrap after ${startLimit / 1000} s`);
    const port = existsSync(addressFile) ? Number(/:(\d+)\s*$/.exec(readFileSync(addressFile, 'utf8'))?.[1]) : Number.NaN;
    if (!Number.isNaN(port) && (await isReady(port))) return port;
    await delay(pollMs);
  }
}

async function isReady(adminPort: number): Promise<boolean> {
  try {
    await adminPage(adminPort, '/ready');
    return true;
  } catch {
    return false;
  }
}

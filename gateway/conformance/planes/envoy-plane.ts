import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Plane, RunningPlane } from './plane.ts';
import { replacePorts } from './replace-ports.ts';

// Milliseconds; V8 compiles the plugins before the first listener is ready.
const startLimit = 60_000;
const stopLimit = 5_000;

/**
 * A real Envoy: one process for each bootstrap, on the same file with every listener on a free port. Where it is bound it says by its admin
 * interface, whose own address it writes into a file (https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-admin-address-path).
 */
export function envoyPlane(executable: string): Plane {
  return {
    name: `Envoy at ${executable}`,
    kind: 'envoy',
    start: async (bootstrap, parent) => {
      const folder = mkdtempSync(join(parent, 'envoy-'));
      // Envoy tells the format by the name.
      const config = join(folder, 'bootstrap.json');
      const admin = join(folder, 'admin-address');
      const log = join(folder, 'envoy.log');
      writeFileSync(config, JSON.stringify(replacePorts(bootstrap)));
      const output = openSync(log, 'w');
      const args = ['-c', config, '--admin-address-path', admin, '--concurrency', '1', '--use-dynamic-base-id', '--log-level', 'warning'];
      const child = spawn(executable, args, { stdio: ['ignore', output, output] });
      try {
        const adminPort = await bound(child, admin, () => readFileSync(log, 'utf8'));
        const ports = await listenerPorts(adminPort);
        return { ports, adminPort, close: () => stop(child) };
      } catch (error) {
        await stop(child);
        throw error;
      }
    },
  };
}

/** Waits until Envoy is live; the admin port. */
async function bound(child: ChildProcess, addressFile: string, log: () => string): Promise<number> {
  let failure: string | undefined;
  child.on('error', (error) => {
    failure = error.message;
  });
  child.on('exit', (code, signal) => {
    failure = `it ended with ${code ?? signal}`;
  });
  const deadline = Date.now() + startLimit;
  for (;;) {
    if (failure !== undefined) throw new Error(`${child.spawnfile} does not serve the bootstrap: ${failure}\n${lastLines(log())}`);
    if (Date.now() > deadline) throw new Error(`${child.spawnfile} is not ready after ${startLimit / 1000} s\n${lastLines(log())}`);
    const port = existsSync(addressFile) ? Number(/:(\d+)\s*$/.exec(readFileSync(addressFile, 'utf8'))?.[1]) : Number.NaN;
    if (!Number.isNaN(port) && (await isLive(port))) return port;
    await wait(50);
  }
}

async function isLive(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/ready`)).ok;
  } catch {
    return false;
  }
}

interface ListenersReply {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

async function listenerPorts(adminPort: number): Promise<RunningPlane['ports']> {
  const reply = (await (await fetch(`http://127.0.0.1:${adminPort}/listeners?format=json`)).json()) as ListenersReply;
  return Object.fromEntries((reply.listener_statuses ?? []).map(({ name, local_address: at }) => [name, at.socket_address.port_value]));
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-20).join('\n');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopLimit);
  await ended;
  clearTimeout(timer);
}

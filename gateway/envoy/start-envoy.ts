import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listenerPorts } from './admin-page.ts';
import { hasEnded } from './end-child.ts';
import { EnvoyError } from './envoy-error.ts';
import { requireEnvoy } from './find-envoy.ts';
import { servingAdminPort } from './serving.ts';
import { spawnEnvoy } from './spawn-envoy.ts';

const stopLimitMs = 5_000;

/** An Envoy that serves one bootstrap. */
export interface RunningEnvoy {
  readonly pid: number;
  /** By the listener's name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly adminPort: number;
  /** What it has logged so far: its own lines. */
  log(): string;
  /** The access log so far, up to what it has flushed: within a second of the request's end. */
  accessLog(): string;
  /** Ends it by SIGTERM, which Envoy obeys at once. */
  close(): Promise<void>;
}

/** How to start it. */
interface StartEnvoyOptions {
  /** A folder to write its configuration and logs into. */
  readonly folder: string;
  /** The one that this machine has unless told. */
  readonly executable?: string;
  readonly args?: readonly string[];
}

/**
 * Serves a bootstrap by an Envoy of its own, every listener and the admin interface on a free port of loopback.
 *
 * @throws EnvoyError where there is no Envoy, or it does not serve the bootstrap, with what it said.
 */
export async function startEnvoy(bootstrap: unknown, options: StartEnvoyOptions): Promise<RunningEnvoy> {
  const { executable = requireEnvoy(), args = [] } = options;
  const folder = mkdtempSync(join(options.folder, 'envoy-'));
  const path = (name: string) => join(folder, name);
  writeFileSync(path('bootstrap.json'), JSON.stringify(onFreePorts(bootstrap)));
  const output = [openSync(path('access.log'), 'w'), openSync(path('envoy.log'), 'w')] as const;
  const admin = path('admin-address');
  const child = spawnEnvoy({ executable, config: path('bootstrap.json'), args: ['--admin-address-path', admin, ...args], output });
  for (const file of output) closeSync(file);
  const log = () => readFileSync(path('envoy.log'), 'utf8');
  try {
    const adminPort = await servingAdminPort(child, admin);
    return {
      pid: child.pid!,
      ports: await listenerPorts(adminPort),
      adminPort,
      log,
      accessLog: () => readFileSync(path('access.log'), 'utf8'),
      close: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    if (!(error instanceof EnvoyError)) throw error;
    throw new EnvoyError(`${error.message}\n${lastLines(log())}`);
  }
}

interface Addressed {
  readonly address: { readonly socket_address: object };
}

interface Bootstrap {
  readonly admin: Addressed;
  readonly static_resources: { readonly listeners: readonly Addressed[] };
}

function onFreePorts(bootstrap: unknown): unknown {
  const { admin, static_resources: resources } = bootstrap as Bootstrap;
  const free = <T extends Addressed>(one: T): T => ({
    ...one,
    address: { socket_address: { ...one.address.socket_address, address: '127.0.0.1', port_value: 0 } },
  });
  return {
    ...(bootstrap as object),
    admin: free(admin),
    static_resources: { ...resources, listeners: resources.listeners.map(free) },
  };
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-20).join('\n');
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  await ended;
  clearTimeout(timer);
}

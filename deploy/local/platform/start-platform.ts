import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CloudOptions } from '../cloud/start-cloud.ts';
import { SPANNER_NODE_FLAGS } from '../spanner/node-flags.ts';
import { writeBootstrap } from './bootstraps.ts';
import { Child, type ChildSpec } from './child.ts';
import { type Endpoints, endpointsOf, removeEndpoints, writeEndpoints } from './endpoints.ts';
import { applyMigrations } from './migrations.ts';
import { choosePorts, type Ports } from './ports.ts';
import { type LocalSecrets, loadSecrets } from './secrets.ts';
import { lockState } from './state-lock.ts';
import { serviceEnvironment, serviceNames } from './surroundings.ts';

const root = join(import.meta.dirname, '../../..');
const stopGraceMs = 1_500;
const readyTimeoutMs = 60_000;

/** The processes of the platform, in the order of the picture in the README. */
export const processNames = ['edge', 'jobs', ...serviceNames, 'spanner', 'cloud'] as const;

/** A process of the platform. */
export type ProcessName = (typeof processNames)[number];

/** What the platform is started with. */
export interface PlatformOptions {
  /** The first of its ports; 0 for any block that is free. */
  readonly portBase: number;
  /** Where its state lives. One platform at a time works on it. */
  readonly stateDir: string;
}

/** The running platform. */
export interface Platform {
  readonly endpoints: Endpoints;
  readonly secrets: LocalSecrets;
  /** The process id of each part, as it is now. */
  pid(name: ProcessName): number | undefined;
  /** Ends every process. */
  stop(): Promise<void>;
}

/** The state is in use by another platform. */
export class StateInUseError extends Error {
  override readonly name = 'StateInUseError';

  constructor(stateDir: string) {
    super(`the platform runs already on ${stateDir}. Stop it first, or use another state with --state-dir DIR`);
  }
}

/**
 * Starts the whole platform and resolves when a request through the edge gateway reaches the database.
 *
 * @throws {PortTakenError} {StateInUseError} {Error} where a part does not start; nothing is left running then.
 */
export async function startPlatform({ portBase, stateDir }: PlatformOptions): Promise<Platform> {
  mkdirSync(join(stateDir, 'logs'), { recursive: true, mode: 0o700 });
  const release = lockState(stateDir);
  if (release === undefined) throw new StateInUseError(stateDir);
  const children = new Map<ProcessName, Child>();
  const stop = async () => {
    removeEndpoints(stateDir);
    await Promise.all([...children.values()].map((child) => child.stop(stopGraceMs)));
    release();
  };
  try {
    const ports = await choosePorts(portBase);
    const secrets = loadSecrets(stateDir);
    const starting = (name: ProcessName, spec: Omit<ChildSpec, 'name' | 'logFile'>) => {
      const child = new Child({ ...spec, name, logFile: join(stateDir, 'logs', `${name}.log`) });
      children.set(name, child);
      return child.start();
    };
    let released = false;
    const database = starting('spanner', {
      program: join(root, 'deploy/local/spanner/main.ts'),
      args: ['--port', String(ports.spanner), '--data-dir', join(stateDir, 'spanner')],
      nodeFlags: SPANNER_NODE_FLAGS,
      env: {},
      probePort: ports.spanner,
    });
    const cloudOptions: CloudOptions = { ports, stateDir: join(stateDir, 'cloud'), secrets };
    const cloud = starting('cloud', {
      program: join(root, 'deploy/local/cloud/main.ts'),
      env: { KUMIKO_LOCAL_CLOUD: JSON.stringify(cloudOptions) },
      probePort: ports.customer,
      onUp: (child) => released && child.send('release'),
    });
    await Promise.all([
      database.then(() => applyMigrations(ports, stateDir)),
      cloud,
      ...serviceNames.map((name) =>
        starting(name, {
          program: join(root, 'services', name, 'main.ts'),
          env: serviceEnvironment(name, ports, secrets),
          probePort: ports[`${name}_container`],
        }),
      ),
      ...(['edge', 'jobs'] as const).map(async (role) =>
        starting(role, {
          program: join(root, 'gateway/main.ts'),
          args: ['run', await writeBootstrap(role, ports, stateDir)],
          env: {},
          probePort: ports[role],
        }),
      ),
    ]);
    released = true;
    children.get('cloud')?.send('release');
    const endpoints = endpointsOf(ports);
    await answering(ports);
    writeEndpoints(stateDir, endpoints);
    return { endpoints, secrets, pid: (name) => children.get(name)?.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves when a public read comes back from the database through the edge gateway. */
async function answering(ports: Ports): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${ports.edge}/v1/deals?page_size=1`);
    if (response.ok) return;
    const body = await response.text();
    if (Date.now() > deadline) throw new Error(`the edge gateway answers GET /v1/deals with ${response.status}: ${body}`);
    await delay(30);
  }
}

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { requireEnvoy } from '../../../gateway/envoy/find-envoy.ts';
import { spawnEnvoy } from '../../../gateway/envoy/spawn-envoy.ts';
import { errorText } from '../../../services/platform/contracts/error-text.ts';
import { controlPlane } from '../../../services/platform/contracts/identities.ts';
import { servicesFolder } from '../../../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { openRead } from '../../environments/open-read.ts';
import type { InstanceUse } from '../cloud/instances/instance-use.ts';
import { alwaysOn, type RevisionLimits } from '../cloud/instances/limits.ts';
import { SPANNER_NODE_FLAGS } from '../cloud/spanner/engine/node-flags.ts';
import type { CloudOptions, Disturbance } from '../cloud/start-cloud.ts';
import { consoleTokenFile } from '../console/console-token.ts';
import type { Console } from '../console/start-console.ts';
import type { LocalServer } from '../shared/local-server.ts';
import { writeBootstrap } from './bootstraps.ts';
import type { CodeChange } from './code-change.ts';
import { containersFolder } from './container.ts';
import { removeControlToken, writeControlToken } from './control-token.ts';
import { layFirstDatabase } from './database/first-database.ts';
import { applyMigrations } from './database/migrations.ts';
import { type Endpoints, endpointsFile, endpointsOf, removeEndpoints, writeEndpoints } from './endpoints.ts';
import { forgetState } from './forget-state.ts';
import { bundledPackages, fromSources } from './from-sources.ts';
import { Instances, type ServiceProgram } from './instances.ts';
import { openPlatformClock } from './platform-clock.ts';
import { choosePorts, containerPort, type Ports, portsBehind, servicePort } from './ports.ts';
import { removeLeftCode } from './preview-code.ts';
import { type PreviewTarget, type PreviewTraffic, placePreviews, previewPortNames } from './previews.ts';
import { Processes, type ProcessName } from './processes.ts';
import { RunningPreviews } from './running-previews.ts';
import { type LocalSecrets, loadSecrets } from './secrets.ts';
import { lockState } from './state-lock.ts';
import { untilServing } from './until-serving.ts';

const root = join(import.meta.dirname, '../../..');
const readyTimeoutMs = 60_000;
/** Instances of a platform that ends have ten seconds. */
const endingLimitMs = 15_000;
const portsLimitMs = 500;
/** A service that takes longer is told of, and the platform is up without it. */
const servingLimitMs = 10_000;
/** Requests have this long to end where code has changed: whoever has changed it waits, and what is killed is safe. */
const changedGraceMs = 250;

/** The processes that the platform always has, in the order of the picture in the README. */
export const processNames: readonly ProcessName[] = ['edge', 'jobs', controlPlane, ...serviceNames, 'spanner', 'cloud'];

/** What the platform is started with. */
export interface PlatformOptions {
  /** The first of its ports; 0 for any block that is free. */
  readonly portBase: number;
  /** Where its state lives. One platform at a time works on it. */
  readonly stateDir: string;
  /** Second instances of services, for requests whose token asks for them. */
  readonly previews?: readonly PreviewTarget[];
  /** Shares of services' requests, for some of them. */
  readonly traffic?: readonly PreviewTraffic[];
  /** Of a read-write transaction, from 0 to 1: that the local Spanner aborts it without a cause. The local Spanner's own default unless told. */
  readonly abortProbability?: number;
  /** Has gateways and services send their spans to the local cloud, which keeps the newest of them. */
  readonly traces?: boolean;
  /** How many instances services have, by name: as on Cloud Run, see run-limits.ts. One that always runs, for those left out. */
  readonly limits?: Readonly<Record<string, RevisionLimits>>;
  /** What services and the control plane run, by name: see image-trees.ts and image-containers.ts. This folder's code as it is, for those left out. */
  readonly programs?: Readonly<Record<string, ServiceProgram>>;
  /** Serves the console, from the beginning: what starts is to be seen there. */
  readonly console?: boolean;
  /** Told where a browser is let into the console, as soon as one is. */
  readonly onConsole?: (url: string) => void;
  /** Restarts what a change of code concerns. */
  readonly watch?: boolean;
  /** Begins with nothing: what an earlier platform left is forgotten, but for who may see the console. */
  readonly anew?: boolean;
  /** Stops this platform, forgets its state and starts it again, where somebody asks for that in the console. */
  readonly reset?: () => boolean;
  /** Ends the start: what has started by then is ended, and the start fails. */
  readonly signal?: AbortSignal;
}

/** The running platform. */
export interface Platform {
  readonly endpoints: Endpoints;
  /** Also those that nobody calls but the platform itself, such as the services' own behind their IAM check. */
  readonly ports: Ports;
  readonly secrets: LocalSecrets;
  /** The previews, which come and go while it runs. */
  readonly previews: Pick<RunningPreviews, 'list' | 'start' | 'stop' | 'give'>;
  /** Where a browser is let into the console; undefined where there is none. */
  readonly consoleUrl: string | undefined;
  /** The process id of each part, as it is now. */
  pid(name: ProcessName): number | undefined;
  /** Moves business time forward, as `POST /clock:advance` does: what falls due on the way happens. Tokens do not grow older by it. */
  advanceClock(seconds: number): Promise<void>;
  /** Sets how far the business time of one process (a service, a preview or Spanner) is off the platform's, in milliseconds, until it is set again. */
  skewClock(name: ProcessName, offMs: number): Promise<void>;
  /** Replaces what goes wrong in the local cloud, also for its processes to come; `{}` lifts everything. */
  disturb(disturbance: Disturbance): void;
  /** What all instances have used since the local cloud has started. */
  instanceUse(): Promise<readonly InstanceUse[]>;
  /** Ends every process. */
  stop(): Promise<void>;
}

/** What the local cloud answers about its instances. */
interface UseMessage {
  readonly instances: readonly InstanceUse[];
}

/** The state is in use by another platform. */
export class StateInUseError extends Error {
  override readonly name = 'StateInUseError';

  constructor(stateDir: string) {
    super(`the platform runs already on ${stateDir}. Stop it first, or use another state with --state-dir DIR`);
  }
}

/**
 * Starts the whole platform and resolves when a request through the edge gateway reaches the database and all services serve.
 *
 * @throws {EnvoyError} {PortTakenError} {StateInUseError} {Error} where a part does not start; nothing is left running then.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const {
    portBase,
    stateDir,
    previews: targets = [],
    traffic = [],
    abortProbability,
    traces = false,
    console: withConsole = false,
    onConsole,
    watch = false,
    limits = {},
    programs = {},
    anew = false,
    reset,
    signal,
  } = options;
  const executable = requireEnvoy();
  const release = await takeState(stateDir);
  // Under the lock: no other platform may begin with what is about to go.
  if (anew) await forgetState(stateDir, [consoleTokenFile]);
  else await removeLeftCode(join(stateDir, 'previews'));
  mkdirSync(join(stateDir, 'logs'), { recursive: true, mode: 0o700 });
  // Of a platform that was killed.
  rmSync(containersFolder(stateDir), { recursive: true, force: true });
  const processes = new Processes(stateDir, signal);
  const clock = openPlatformClock(stateDir, (aheadMs) => processes.setClock(aheadMs));
  await processes.setClock(clock.aheadMs);
  const servers: LocalServer[] = [];
  let previews: RunningPreviews | undefined;
  let watching: { close(): void } | undefined;
  let consoleStart: Promise<Console | undefined> = Promise.resolve(undefined);
  const stop = async () => {
    removeEndpoints(stateDir);
    removeControlToken(stateDir);
    watching?.close();
    // What is about to listen would go on doing so.
    await consoleStart.catch(() => {});
    await Promise.all([...servers.map((server) => server.close()), previews?.close(), processes.endAll()]);
    release();
  };
  const abort = () => void stop();
  signal?.addEventListener('abort', abort);
  try {
    const ports = await freePorts(portBase, previewPortNames(targets));
    const placed = placePreviews(targets, ports);
    const secrets = loadSecrets(stateDir);
    const { service: first } = openRead();
    const tracing = traces ? tracingEnvironment(ports) : {};
    let released = false;
    let ready = false;
    let disturbance: Disturbance = {};
    const endpoints = () => endpointsOf(ports, running.running(), { traces, console: withConsole });
    const instances = new Instances({ processes, portsFrom: portsBehind(ports), tell });
    const running = new RunningPreviews({
      ports,
      secrets,
      stateDir,
      processes,
      instances,
      limits,
      prepared: () => prepared,
      env: { ...fromSources.env, ...tracing },
      onChange: () => {
        if (ready) writeEndpoints(stateDir, endpoints());
      },
      tell,
    });
    previews = running;
    await layFirstDatabase(stateDir);
    const database = processes.start('spanner', {
      program: join(root, 'deploy/local/cloud/spanner/main.ts'),
      args: [
        ...['--port', String(ports.spanner), '--data-dir', join(stateDir, 'spanner')],
        ...(abortProbability === undefined ? [] : ['--abort-probability', String(abortProbability)]),
      ],
      nodeFlags: [...SPANNER_NODE_FLAGS, ...bundledPackages],
      env: {},
      probePort: ports.spanner,
      clock: 'preload',
    });
    const cloudOptions: CloudOptions = { ports, stateDir: join(stateDir, 'cloud'), secrets, traces, startedMs: Date.now(), limits };
    const cloud = processes.start('cloud', {
      program: join(root, 'deploy/local/cloud/main.ts'),
      nodeFlags: bundledPackages,
      env: { KUMIKO_LOCAL_CLOUD: JSON.stringify(cloudOptions) },
      probePort: servicePort(ports, first),
      clock: 'own',
      onSpawn: (child) => instances.serve(child),
      onUp: (child) => {
        child.send({ disturb: disturbance });
        if (released) child.send('release');
        // At its first start there is nothing to restore.
        void running.restore();
      },
    });
    /** Who calls a service first is not to wait for what it loads. One that cannot be started says so in its log, and is started again. */
    const servingSoon = (name: string) =>
      untilServing(containerPort(ports, name), servingLimitMs).catch((error) => {
        if (signal?.aborted !== true) tell(`${name}: ${errorText(error)}`);
      });
    const prepared = Promise.all([database, cloud]);
    // Whoever waits for it hears of it; nobody may, where no instance is started ahead.
    prepared.catch(() => {});
    const serving = Promise.all([
      import('./serve-clock.ts'),
      import('./serve-control.ts'),
      withConsole ? import('../console/start-console.ts') : undefined,
    ]);
    const { controlPlaneEnvironment, serviceEnvironment } = await import('./service-environment.ts');
    const environmentOf = (name: string) => ({
      ...(programs[name] ?? fromSources).env,
      ...serviceEnvironment(name, ports, secrets),
      ...tracing,
    });
    let lastChange: CodeChange | undefined;
    const disturb = (next: Disturbance) => {
      disturbance = next;
      processes.send('cloud', { disturb: next });
    };
    consoleStart = serving.then(async ([, , consoleModule]) => {
      const console = await consoleModule?.startConsole({
        port: ports.console,
        stateDir,
        platform: { endpoints, ports, processes, clock, previews: running, disturb, reset, environmentOf, lastChange: () => lastChange },
      });
      if (console === undefined) return undefined;
      servers.push(console);
      onConsole?.(console.url);
      return console;
    });
    // Whoever waits for it hears of it.
    consoleStart.catch(() => {});
    await Promise.all([
      database.then(() => applyMigrations(ports, stateDir)),
      cloud,
      ...serviceNames.map((name) =>
        instances.add(name, {
          ...(programs[name] ?? { program: join(servicesFolder, name, 'main.ts'), nodeFlags: fromSources.nodeFlags }),
          env: environmentOf(name),
          firstPort: containerPort(ports, name),
          ahead: (limits[name] ?? alwaysOn).minInstances,
          // Two cores start what the first public read needs before the rest; the rest would only be in its way.
          after: name === first ? Promise.resolve() : prepared,
        }),
      ),
      ...placed.map((preview) => running.start(preview, undefined, preview)),
      instances.add(controlPlane, {
        ...(programs[controlPlane] ?? { program: join(root, 'gateway/control-plane/main.ts'), nodeFlags: fromSources.nodeFlags }),
        env: { ...(programs[controlPlane] ?? fromSources).env, ...controlPlaneEnvironment(ports) },
        firstPort: containerPort(ports, controlPlane),
        ahead: 1,
        after: cloud,
      }),
      ...(['edge', 'jobs'] as const).map(async (role) => {
        // Envoy is up in a moment: it had better find keys and tokens at its first try than wait for the next.
        const [config] = await Promise.all([writeBootstrap(role, ports, stateDir, traces), cloud]);
        return processes.start(role, { spawn: (output) => spawnEnvoy({ executable, config, output }), probePort: ports[role] });
      }),
    ]);
    // Loaded while the processes start: nothing that takes time comes before their spawning.
    const [{ serveClock }, { serveControl }] = await serving;
    const token = writeControlToken(stateDir);
    released = true;
    processes.send('cloud', 'release');
    servers.push(await serveClock(ports.clock, clock));
    servers.push(await serveControl(ports.control, running, token));
    for (const share of traffic) await running.give(share);
    const console = await consoleStart;
    await Promise.all([answering(ports), ...serviceNames.filter((name) => limits[name] === undefined).map(servingSoon)]);
    signal?.throwIfAborted();
    signal?.removeEventListener('abort', abort);
    ready = true;
    writeEndpoints(stateDir, endpoints());
    if (watch) {
      const { watchCode } = await import('./watch-code.ts');
      watching = watchCode({
        migrate: () => applyMigrations(ports, stateDir),
        writeBootstraps: () => Promise.all((['edge', 'jobs'] as const).map((role) => writeBootstrap(role, ports, stateDir, traces))),
        restart: (name) => processes.resume(name, changedGraceMs),
        onChange(change) {
          lastChange = change;
          if (change.state !== 'restarting') tell(changeInWords(change));
        },
      });
    }
    return {
      get endpoints() {
        return endpoints();
      },
      ports,
      secrets,
      previews: running,
      consoleUrl: console?.url,
      pid: (name) => processes.pid(name),
      advanceClock: clock.advance,
      skewClock: (name, offMs) => processes.skewClock(name, offMs),
      disturb,
      async instanceUse() {
        const answer = await processes.ask(
          'cloud',
          'instances',
          (message) => (message as Partial<UseMessage> | null)?.instances !== undefined,
        );
        return (answer as UseMessage | undefined)?.instances ?? [];
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A change in a line. */
function changeInWords({ files, processes, state, tookMs, error }: CodeChange): string {
  const what = `${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`;
  if (state === 'failed') return `${what} changed, and ${processes.join(', ')} could not be restarted: ${error}`;
  return `${what} changed: ${processes.join(', ')} restarted in ${(tookMs / 1_000).toFixed(1)} s`;
}

/** Tells people at the terminal what happened without their doing. */
function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** @throws {StateInUseError} where another platform runs on it. One that is just ending is waited for. */
async function takeState(stateDir: string): Promise<() => void> {
  const deadline = Date.now() + endingLimitMs;
  for (;;) {
    const release = lockState(stateDir);
    if (release !== undefined) return release;
    // The file is there while a platform is ready, and goes when that begins to end.
    if (existsSync(endpointsFile(stateDir)) || Date.now() > deadline) throw new StateInUseError(stateDir);
    await delay(50);
  }
}

/** As `choosePorts`; whoever has been killed just now may hold them for a moment. */
async function freePorts(portBase: number, more: readonly string[]): Promise<Ports> {
  const deadline = Date.now() + portsLimitMs;
  for (;;) {
    try {
      return await choosePorts(portBase, more);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await delay(50);
  }
}

/** Where services send their spans, soon enough for whoever waits at a terminal. */
function tracingEnvironment(ports: Ports): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.traces}`, OTEL_BSP_SCHEDULE_DELAY: '500' };
}

/** Resolves when a public read comes back from the service behind the edge gateway. */
async function answering(ports: Ports): Promise<void> {
  const { path } = openRead();
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${ports.edge}${path}`);
    if (response.ok) return;
    const body = await response.text();
    if (Date.now() > deadline) throw new Error(`the edge gateway answers GET ${path} with ${response.status}: ${body}`);
    await delay(30);
  }
}

import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Binding } from '../server/bind.ts';
import type { Route } from '../server/dispatcher.ts';
import { bindServer } from '../server/server.ts';
import { createLogger } from '../telemetry/logger.ts';
import { type ChassisConfig, chassisShape, loadConfig } from './config.ts';
import { type ConfigOf, type Manifest, shapeOf } from './manifest.ts';
import { within } from './within.ts';

/** What a service's composition root is given. */
export interface StartContext<M extends Manifest> {
  /** The chassis' variables and the service's own, by name. */
  readonly config: ChassisConfig & ConfigOf<M>;
  readonly logger: Logger;
}

/** What a service's composition root has made. */
export interface Started {
  /** One for each gRPC service of its proto package, and the platform's own: see services/platform/cloud/spanner/open-schema.ts. */
  readonly bindings: readonly Binding[];
  /** Releases the clients, after the last call has ended. */
  readonly close?: () => Promise<void>;
}

/** A whole service. */
export interface ServiceOptions<M extends Manifest> {
  /** The name of its folder and of its proto package: every gRPC service in there must be bound. */
  readonly name: string;
  /** What it needs of its own. */
  readonly manifest: M;
  /** Wires the service. It runs after the port is bound, so import what it takes in here, as one module: each more is a file to find. Calls wait for it. */
  readonly start: (context: StartContext<M>) => Promise<Started>;
}

/** A service that listens. */
export interface RunningService {
  readonly port: number;
  readonly logger: Logger;
  /** Resolves when calls reach handlers; fails as `start` does. */
  readonly started: Promise<void>;
  /** Drains within 10 s, closes the clients and sends the last spans. */
  stop(): Promise<void>;
}

/** What a process lends to a service. */
interface Process {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where log lines go. */
  readonly destination: { write(line: string): void };
}

// Together under the 10 s that Cloud Run allows between SIGTERM and SIGKILL, with the server's last half second.
const callsGraceMs = 6_500;
const closeGraceMs = 1_500;
const spansGraceMs = 1_000;

/**
 * Loading takes the one thread for a while, and the platform lets requests through once its startup probe is answered: the probe goes first, if it comes within
 * this time. What takes a few milliseconds each is loaded while it is waited for, and a probe that comes meanwhile waits for one of them at most.
 */
const probeGraceMs = 100;
const loadedMeanwhile = [
  () => import('../telemetry/start-telemetry.ts'),
  () => import('../server/served-method.ts'),
  () => import('../interceptors/index.ts'),
] as const;

/**
 * Binds the port, then starts the service behind it.
 *
 * @throws {ConfigError} for a faulty environment; {Error} where the port cannot be bound.
 */
export async function startService<M extends Manifest>(
  { name, manifest, start }: ServiceOptions<M>,
  { env, destination }: Process,
): Promise<RunningService> {
  const config = loadConfig({ ...chassisShape, ...shapeOf(manifest) }, env) as ChassisConfig & ConfigOf<M>;
  const logger = createLogger({ service: name, level: config.LOG_LEVEL, destination });
  const project = config.GOOGLE_CLOUD_PROJECT;
  const server = await bindServer({ name, host: config.HOST, port: config.PORT, reflection: config.REFLECTION, project, logger });
  // Whoever starts the process waits for this line, whatever the log level.
  logger.child({}, { level: 'info' }).info({ port: server.port }, 'listening');

  const starting = startBehind();
  // The caller of this function may look at `started` later than it fails.
  starting.catch(() => {});
  return {
    port: server.port,
    logger,
    started: starting.then(() => {}),
    stop: async () => {
      await server.drain(callsGraceMs);
      // A service that never came up has nothing to close.
      const running = await within(0, starting).catch(() => undefined);
      await within(closeGraceMs, running?.close?.()).catch((err) => logger.warn({ err }, 'closing failed'));
      await within(spansGraceMs, running?.telemetry.shutdown());
    },
  };

  async function startBehind() {
    const grace = within(probeGraceMs, server.called);
    for (const load of loadedMeanwhile) {
      await setImmediate();
      if (server.connected()) break;
      await load();
    }
    await grace;
    const { startTelemetry } = await import('../telemetry/start-telemetry.ts');
    const telemetry = await startTelemetry({
      service: name,
      endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
      delayMs: config.OTEL_BSP_SCHEDULE_DELAY,
      metricIntervalMs: config.OTEL_METRIC_EXPORT_INTERVAL,
      sampler: config.OTEL_TRACES_SAMPLER,
      samplerRatio: config.OTEL_TRACES_SAMPLER_ARG,
    });
    const [{ methodRunner }, { servedMethods }, { bindings, close }] = await Promise.all([
      import('../interceptors/index.ts'),
      import('../server/served-method.ts'),
      start({ config, logger }),
    ]);
    const unbound = server.serviceNames.filter((service) => !bindings.some((binding) => binding.service.typeName === service));
    if (unbound.length > 0) throw new Error(`start() of ${name} has bound no handlers for ${unbound.join(', ')}`);
    const runner = methodRunner({ name, config, logger, destination, telemetry });
    const methods = bindings.flatMap(servedMethods);
    server.serve(new Map(methods.map((method): [string, Route] => [method.path, { desc: method.desc, run: runner(method) }])));
    return { close, telemetry };
  }
}

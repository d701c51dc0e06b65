import { compileAccessLogs } from './access-log.ts';
import { type AdminServer, startAdmin } from './admin.ts';
import { Cluster, type ClusterOverrides } from './cluster.ts';
import { type Bootstrap, readBootstrap, withoutEffect } from './config/bootstrap-config.ts';
import { type HttpConnectionManagerConfig, httpConnectionManager, type ListenerConfig } from './config/listener-config.ts';
import { ConfigError, unpackAny } from './config/read-config.ts';
import { ConnectionManager } from './connection-manager.ts';
import type { FilterContext, Log } from './filter-factory.ts';
import { compileMutations, headerMutationConfig } from './filters/header-mutation.ts';
import { Router, type RouterConfig, routerConfig } from './filters/router.ts';
import type { HttpFilter } from './http-filter.ts';
import { type Listener, startListener } from './listener.ts';
import { compileLocalReply } from './local-reply.ts';
import { compileRouteTable, type PerRouteParser } from './route-table.ts';
import { writeToStandardOutput } from './standard-output.ts';
import { Stats } from './stats.ts';
import { connectionManagerType, earlyHeaderMutationType, routerType, supportedFilters } from './supported.ts';
import { openTracer } from './tracing/open-tracer.ts';

/** What may differ from the file; nothing is needed. */
export interface DataPlaneOptions extends ClusterOverrides {
  /** Ports by listener name ("admin" included) in place of the configured ones; 0 takes a free one. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Takes the lines of access logs; standard output without it. */
  readonly accessLog?: (line: string) => void;
  /** Takes the data plane's own log. */
  readonly log?: Log;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A running data plane. */
export interface DataPlane {
  /** Bound ports by listener name; "admin" is the admin listener. */
  readonly ports: Readonly<Record<string, number>>;
  /** Stops accepting and lets streams finish, for at most `graceMs`; resolves when no stream is left and the spans of all were sent. */
  drain(graceMs: number): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}

/**
 * Runs an Envoy bootstrap, given as plain data (YAML or JSON that was parsed).
 *
 * @throws ConfigError with the path of every field that is wrong or not supported.
 * @example
 * const plane = await startDataPlane(readBootstrapFile('edge.yaml'), { ports: { edge: 0, admin: 0 } });
 */
export async function startDataPlane(bootstrap: unknown, options: DataPlaneOptions = {}): Promise<DataPlane> {
  const config = readBootstrap(bootstrap);
  const log = options.log ?? (() => {});
  for (const [field, reason] of Object.entries(withoutEffect)) {
    if ((config as Record<string, unknown>)[field] !== undefined)
      log('INFO', `${field} has no effect in the embedded data plane: ${reason}`);
  }
  const closers: (() => void)[] = [];
  const listeners: Listener[] = [];
  const managers: ConnectionManager[] = [];
  let admin: AdminServer | undefined;
  const close = async () => {
    await Promise.all(listeners.map((listener) => listener.close()));
    await admin?.close();
    for (const closer of closers.toReversed()) closer();
  };
  try {
    const stats = new Stats();
    const clusters = await openClusters(config, options);
    closers.push(() => {
      for (const cluster of clusters.values()) cluster.close();
    });
    for (const [index, listener] of config.static_resources.listeners.entries()) {
      const path = `static_resources.listeners[${index}].filter_chains[0].filters[0].typed_config`;
      const manager = await buildManager(
        listener,
        path,
        { clusters, stats, log, now: options.now ?? Date.now, onClose: (closer) => closers.push(closer) },
        options,
      );
      managers.push(manager);
      listeners.push(await startListener(listener, manager, options.ports?.[listener.name]));
    }
    const drainAll = () => {
      for (const listener of listeners) listener.drain();
    };
    if (config.admin?.address !== undefined) {
      admin = await startAdmin(config.admin.address, options.ports?.admin, {
        stats,
        bootstrap,
        listeners: () =>
          listeners.map(({ name, port }, index) => ({ name, port, host: config.static_resources.listeners[index]!.address.host })),
        drain: drainAll,
        setHealthy: (healthy) => {
          for (const manager of managers) manager.healthy = healthy;
        },
      });
    }
    const ports: Record<string, number> = Object.fromEntries(listeners.map(({ name, port }) => [name, port]));
    if (admin !== undefined) ports.admin = admin.port;
    const drain = async (graceMs: number) => {
      drainAll();
      const deadline = Date.now() + graceMs;
      while (managers.some((manager) => manager.streams > 0) && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10));
      await Promise.all(managers.map((manager) => manager.tracer?.flush()));
    };
    return { ports, drain, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openClusters(config: Bootstrap, overrides: ClusterOverrides): Promise<Map<string, Cluster>> {
  const clusters = new Map<string, Cluster>();
  const opened = await Promise.all(
    config.static_resources.clusters.map((cluster, index) => Cluster.open(cluster, `static_resources.clusters[${index}]`, overrides)),
  );
  for (const [index, cluster] of opened.entries()) {
    if (clusters.has(cluster.name)) throw new ConfigError(`static_resources.clusters[${index}].name: ${cluster.name} is there twice`);
    clusters.set(cluster.name, cluster);
  }
  return clusters;
}

async function buildManager(
  listener: ListenerConfig,
  path: string,
  shared: Omit<FilterContext, 'path' | 'slot'>,
  options: DataPlaneOptions,
): Promise<ConnectionManager> {
  const config = unpackAny(connectionManagerType, httpConnectionManager, listener.filter_chains[0]!.filters[0]!.typed_config, path);
  const routes = compileRouteTable(config.route_config, parsePerRoute, `${path}.route_config`);
  checkClusters(config, shared.clusters, `${path}.route_config`);
  const router = readRouter(config, path);
  const write = options.accessLog ?? writeToStandardOutput;
  return new ConnectionManager({
    config,
    routes,
    filters: await buildFilters(config, path, shared),
    router: new Router(router, shared.clusters),
    localReply: compileLocalReply(config.local_reply_config),
    log: compileAccessLogs(
      config.access_log,
      { stdout: write, stderr: options.accessLog ?? ((line) => void process.stderr.write(line)) },
      `${path}.access_log`,
    ),
    earlyEdits: config.early_header_mutation_extensions.flatMap(({ typed_config: any }, index) =>
      compileMutations(
        unpackAny(earlyHeaderMutationType, headerMutationConfig, any, `${path}.early_header_mutation_extensions[${index}].typed_config`)
          .mutations,
      ),
    ),
    tracer: config.tracing && openTracer(config.tracing, { ...shared, path: `${path}.tracing`, startChildSpan: router.start_child_span }),
    stats: shared.stats,
    report: shared.log,
    now: shared.now,
  });
}

async function buildFilters(
  config: HttpConnectionManagerConfig,
  path: string,
  shared: Omit<FilterContext, 'path' | 'slot'>,
): Promise<HttpFilter[]> {
  const filters: HttpFilter[] = [];
  for (const [slot, { typed_config: any }] of config.http_filters.slice(0, -1).entries()) {
    const at = `${path}.http_filters[${slot}].typed_config`;
    const { '@type': url, ...fields } = any;
    const factory = supportedFilters.find(({ type }) => url === `type.googleapis.com/${type}`);
    if (factory === undefined) throw new ConfigError(`${at}.@type: ${url} is not supported by the embedded data plane before the router`);
    filters.push(await factory.create(fields, { ...shared, path: at, slot }));
  }
  return filters;
}

function readRouter(config: HttpConnectionManagerConfig, path: string): RouterConfig {
  const last = config.http_filters.length - 1;
  return unpackAny(routerType, routerConfig, config.http_filters[last]!.typed_config, `${path}.http_filters[${last}].typed_config`);
}

const parsePerRoute: PerRouteParser = (name, { '@type': url, ...fields }, path) => {
  const factory = supportedFilters.find((one) => one.name === name);
  const parsed = factory?.perRoute?.(url.replace('type.googleapis.com/', ''), fields, path);
  if (parsed === undefined) throw new ConfigError(`${path}: ${url} is not supported by the embedded data plane`);
  return parsed;
};

// As Envoy does for static route tables.
function checkClusters(config: HttpConnectionManagerConfig, clusters: ReadonlyMap<string, Cluster>, path: string): void {
  for (const [h, host] of config.route_config.virtual_hosts.entries()) {
    for (const [r, route] of host.routes.entries()) {
      const name = route.route?.cluster;
      if (name !== undefined && !clusters.has(name))
        throw new ConfigError(`${path}.virtual_hosts[${h}].routes[${r}].route.cluster: there is no cluster ${name}`);
    }
  }
}

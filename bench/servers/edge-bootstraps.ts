import { corsName } from '../../gateway/bootstrap/cors.ts';
import type { JsonObject } from '../../gateway/bootstrap/json.ts';

/** What of a compiled bootstrap is changed here. */
export interface Manager {
  readonly stat_prefix: string;
  readonly http_filters: readonly Filter[];
  readonly route_config: { readonly virtual_hosts: readonly VirtualHost[] };
  readonly [section: string]: unknown;
}

interface Filter {
  readonly name: string;
  readonly typed_config: { readonly config?: { readonly name: string }; readonly [field: string]: unknown };
}

interface VirtualHost {
  readonly routes: readonly Route[];
  readonly typed_per_filter_config?: JsonObject;
  readonly [field: string]: unknown;
}

interface Route {
  readonly name: string;
  readonly match: { readonly path?: string };
  readonly route?: JsonObject;
  readonly [field: string]: unknown;
}

/** Makes another connection manager of the compiled one. */
export type ManagerEdit = (manager: Manager) => Manager;

interface Bootstrap {
  readonly static_resources: {
    readonly listeners: readonly [
      { readonly filter_chains: readonly [{ readonly filters: readonly [{ readonly typed_config: Manager }] }] },
    ];
  };
  readonly [section: string]: unknown;
}

/** A compiled bootstrap with another connection manager. */
export function editManager(compiled: JsonObject, edit: ManagerEdit): object {
  const bootstrap = compiled as unknown as Bootstrap;
  const { listeners, ...resources } = bootstrap.static_resources;
  const [{ filter_chains: chains, ...listener }] = listeners;
  const [{ filters }] = chains;
  const [filter] = filters;
  const edited = { ...filter, typed_config: edit(filter.typed_config) };
  return {
    ...bootstrap,
    static_resources: { ...resources, listeners: [{ ...listener, filter_chains: [{ filters: [edited] }] }] },
  };
}

/** Our wasm filters are known by their own name, all others by Envoy's. */
export function filterName({ name, typed_config: { config } }: Filter): string {
  return config?.name ?? name;
}

/** Leaves filters out. */
export function withoutFilters(...names: readonly string[]): ManagerEdit {
  return (manager) => {
    const known = manager.http_filters.map(filterName);
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`the bootstrap has no ${unknown.join(', ')}: it has ${known.join(', ')}`);
    return { ...manager, http_filters: manager.http_filters.filter((filter) => !names.includes(filterName(filter))) };
  };
}

/** Leaves sections of the connection manager out, such as its access logs. */
export function withoutSections(...names: readonly string[]): ManagerEdit {
  return (manager) => {
    const unknown = names.filter((name) => !Object.hasOwn(manager, name));
    if (unknown.length > 0) throw new Error(`the bootstrap has no ${unknown.join(', ')}`);
    return Object.fromEntries(Object.entries(manager).filter(([name]) => !names.includes(name))) as unknown as Manager;
  };
}

/** Leaves CORS out: the filter, its policy, and the routes that REST requests are on for it. */
export const withoutCors: ManagerEdit = (manager) => {
  const edited = withoutFilters(corsName)(manager);
  const withoutPolicy = (host: VirtualHost) => ({
    ...host,
    typed_per_filter_config: Object.fromEntries(Object.entries(host.typed_per_filter_config ?? {}).filter(([name]) => name !== corsName)),
    routes: host.routes.filter(({ route }) => route?.cluster_header === undefined),
  });
  return { ...edited, route_config: { ...edited.route_config, virtual_hosts: edited.route_config.virtual_hosts.map(withoutPolicy) } };
};

/**
 * An Envoy that does nothing but forward: the baseline. Connections, codecs, clusters and deadlines are those of the gateway. A route for each service,
 * as somebody would write by hand.
 *
 * @param filters what it has before the router, such as the transcoder with its own configuration.
 */
export function forwardingAlone(...filters: readonly string[]): ManagerEdit {
  return ({ '@type': type, stat_prefix, codec_type, common_http_protocol_options, http2_protocol_options, http_filters, route_config }) => {
    const kept = ['envoy.filters.http.router', ...filters];
    return {
      '@type': type,
      stat_prefix,
      codec_type,
      common_http_protocol_options,
      http2_protocol_options,
      http_filters: http_filters.filter(({ name }) => kept.includes(name)),
      route_config: {
        virtual_hosts: route_config.virtual_hosts.map((host) => ({ name: host.name, domains: host.domains, routes: byService(host) })),
      },
    };
  };
}

/** The first method's route of each service, for all of them. */
function byService({ routes }: VirtualHost): Route[] {
  const services = new Map<string, Route>();
  for (const { match, route } of routes) {
    if (match.path === undefined) continue;
    const prefix = match.path.slice(0, match.path.lastIndexOf('/') + 1);
    if (!services.has(prefix)) services.set(prefix, { name: prefix, match: { prefix }, route } as Route);
  }
  return [...services.values()];
}

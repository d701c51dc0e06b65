import { listGatewayMethods } from '../../gateway/bootstrap/gateway-methods.ts';
import type { JsonObject } from '../../gateway/bootstrap/json.ts';
import { seconds } from '../../gateway/bootstrap/routes/routes.ts';

/** What of a compiled bootstrap is changed here. */
export interface Manager {
  readonly http_filters: readonly Filter[];
  readonly [section: string]: unknown;
}

interface Filter {
  readonly name: string;
  readonly typed_config: { readonly config?: { readonly name: string }; readonly [field: string]: unknown };
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

/**
 * An Envoy that does nothing but forward: the baseline. Connections, codecs and clusters are those of the gateway. A route for each service, as somebody
 * would write by hand, whose deadline is the longest of its methods.
 *
 * @param filters what it has before the router, such as the transcoder with its own configuration.
 */
export function forwardingAlone(...filters: readonly string[]): ManagerEdit {
  return ({ '@type': type, stat_prefix, codec_type, common_http_protocol_options, http2_protocol_options, http_filters }) => {
    const kept = ['envoy.filters.http.router', ...filters];
    return {
      '@type': type,
      stat_prefix,
      codec_type,
      common_http_protocol_options,
      http2_protocol_options,
      http_filters: http_filters.filter(({ name }) => kept.includes(name)),
      route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: servicesRoutes() }] },
    };
  };
}

function servicesRoutes(): object[] {
  const services = Map.groupBy(listGatewayMethods('edge'), ({ grpcPath }) => grpcPath.slice(0, grpcPath.lastIndexOf('/') + 1));
  return [...services].map(([prefix, methods]) => {
    const limit = seconds(Math.max(...methods.map(({ deadlineMs }) => deadlineMs)));
    return {
      match: { prefix },
      route: {
        cluster: methods[0]!.workload,
        timeout: '0s',
        max_stream_duration: { max_stream_duration: limit, grpc_timeout_header_max: limit },
      },
    };
  });
}

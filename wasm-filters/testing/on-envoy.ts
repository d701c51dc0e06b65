import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { any, type JsonObject } from '../../gateway/bootstrap/json.ts';
import { type RunningEnvoy, startEnvoy } from '../../gateway/envoy/start-envoy.ts';

/** A bootstrap as small as a filter needs it: one listener, "main". */
interface FilterBootstrap {
  /** In order, without the router. */
  readonly filters: readonly JsonObject[];
  readonly routes: readonly JsonObject[];
  readonly clusters: readonly JsonObject[];
  /** Further fields of the HTTP connection manager. */
  readonly manager?: JsonObject;
}

/** A folder of its own in the system's one for such. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'kumiko-filter-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** An Envoy with a folder of its own, which goes with it. */
export async function serve(bootstrap: FilterBootstrap): Promise<RunningEnvoy> {
  const folder = temporaryFolder();
  try {
    const envoy = await startEnvoy(bootstrapOf(bootstrap), { folder: folder.path });
    return { ...envoy, close: () => envoy.close().finally(() => folder.remove()) };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

/** A cluster on loopback; without a port it has no host. */
export function cluster(name: string, port?: number): JsonObject {
  const address = { socket_address: { address: '127.0.0.1', port_value: port ?? 0 } };
  const endpoints = port === undefined ? [] : [{ lb_endpoints: [{ endpoint: { address } }] }];
  return { name, type: 'STATIC', connect_timeout: '1s', load_assignment: { cluster_name: name, endpoints } };
}

function bootstrapOf({ filters, routes, clusters, manager }: FilterBootstrap): JsonObject {
  const loopback = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  const connectionManager = any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'main',
    codec_type: 'AUTO',
    route_config: { name: 'main', virtual_hosts: [{ name: 'main', domains: ['*'], routes: [...routes] }] },
    http_filters: [...filters, { name: 'envoy.filters.http.router', typed_config: any('envoy.extensions.filters.http.router.v3.Router') }],
    ...manager,
  });
  const filterChain = { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connectionManager }] };
  return {
    admin: { address: loopback },
    static_resources: { listeners: [{ name: 'main', address: loopback, filter_chains: [filterChain] }], clusters: [...clusters] },
  };
}

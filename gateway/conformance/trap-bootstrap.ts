import { wasmFilter } from '../bootstrap/filters/wasm-filter.ts';
import { any, type JsonObject } from '../bootstrap/json.ts';
import { environmentOf } from './local-environment.ts';
import type { Surroundings } from './surroundings.ts';

/** A listener with nothing but a plugin that traps on demand, configured as our filters are: none of them can be made to trap. */
export function trapBootstrap(around: Surroundings): JsonObject {
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } }];
  const manager = {
    stat_prefix: 'trapping',
    route_config: { name: 'trapping', virtual_hosts: [{ name: 'trapping', domains: ['*'], routes }] },
    http_filters: [
      wasmFilter('trap', {}, { ...environmentOf(around), wasmDir: around.files.folder }),
      { name: 'envoy.filters.http.router', typed_config: any('envoy.extensions.filters.http.router.v3.Router') },
    ],
  };
  const address = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  const type = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: any(type, manager) }];
  return {
    node: { id: 'trapping', cluster: 'trapping' },
    admin: { address },
    static_resources: { listeners: [{ name: 'trapping', address, filter_chains: [{ filters }] }] },
  };
}

import type { Surroundings } from '../surroundings.ts';
import { labClusters } from './clusters.ts';
import { jwtListener, strictListener } from './jwt-listeners.ts';
import { any, filter, type Json, loopback } from './messages.ts';
import { limitedListener, plainListener, tracedListener } from './plain-listeners.ts';
import { formsListener, linesListener } from './transcoding-listeners.ts';
import { staleListener, trapListener } from './wasm-listeners.ts';

/** What a lab listener is made of; the rest is Envoy's default. */
export interface LabListener {
  readonly filters?: readonly Json[];
  readonly routes: readonly Json[];
  /** More fields of the connection manager. */
  readonly manager?: Json;
}

/** One bootstrap with a listener for each set of options that our own bootstraps do not have. */
export function labBootstrap(around: Surroundings): Json {
  const listeners: Readonly<Record<string, LabListener>> = {
    plain: plainListener(),
    limited: limitedListener(),
    traced: tracedListener(),
    jwt: jwtListener(around),
    strict: strictListener(around),
    forms: formsListener(around),
    lines: linesListener(around),
    trapped: trapListener(around, 'FAIL_CLOSED'),
    reloaded: trapListener(around, 'FAIL_RELOAD'),
    stale: staleListener(around),
  };
  return {
    node: { id: 'lab', cluster: 'lab' },
    admin: { address: loopback(0) },
    static_resources: { listeners: Object.entries(listeners).map(([name, parts]) => listener(name, parts)), clusters: labClusters(around) },
  };
}

function listener(name: string, { filters = [], routes, manager }: LabListener): Json {
  const config = {
    stat_prefix: name,
    codec_type: 'AUTO',
    ...manager,
    route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] },
    http_filters: [...filters, filter('router', 'Router')],
  };
  return {
    name,
    address: loopback(0),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', config),
          },
        ],
      },
    ],
  };
}

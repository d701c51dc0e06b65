/** What a test's bootstrap holds; JSON as in the file. */
export interface TestBootstrap {
  /** Ports on loopback by cluster name, HTTP/2; "down" is always there and refuses connections. */
  readonly clusters?: Readonly<Record<string, number>>;
  /** The same for HTTP/1.1. */
  readonly http1Clusters?: Readonly<Record<string, number>>;
  readonly routes: readonly object[];
  /** Before the router. */
  readonly filters?: readonly object[];
  /** More fields of the connection manager. */
  readonly manager?: object;
  readonly virtualHost?: object;
  readonly admin?: boolean;
}

const type = (name: string) => `type.googleapis.com/${name}`;

/** The smallest bootstrap of one listener "test" on a free port. */
export function testBootstrap(parts: TestBootstrap): unknown {
  const http2 = Object.entries({ ...parts.clusters, down: 1 }).map(([name, port]) => ({
    ...cluster(name, port),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: { initial_stream_window_size: 65536, initial_connection_window_size: 1048576 } },
      },
    },
  }));
  return {
    static_resources: {
      listeners: [
        {
          name: 'test',
          address: loopback(0),
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.http_connection_manager',
                  typed_config: {
                    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
                    stat_prefix: 'test',
                    http2_protocol_options: {
                      max_concurrent_streams: 100,
                      initial_stream_window_size: 65536,
                      initial_connection_window_size: 1048576,
                    },
                    ...parts.manager,
                    route_config: {
                      name: 'test',
                      virtual_hosts: [{ name: 'test', domains: ['*'], routes: parts.routes, ...parts.virtualHost }],
                    },
                    http_filters: [
                      ...(parts.filters ?? []),
                      {
                        name: 'envoy.filters.http.router',
                        typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [...http2, ...Object.entries(parts.http1Clusters ?? {}).map(([name, port]) => cluster(name, port))],
    },
    ...(parts.admin && { admin: { address: loopback(0) } }),
  };
}

/** An HTTP filter of a message type, with its fields. */
export function filter(message: string, fields: object): object {
  const words = message.split('.');
  return { name: `envoy.filters.http.${words.at(-3)}`, typed_config: { '@type': type(message), ...fields } };
}

function cluster(name: string, port: number): object {
  return {
    name,
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }] },
  };
}

function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

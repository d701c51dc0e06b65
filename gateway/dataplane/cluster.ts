import {
  type ClusterConfig,
  type UpstreamProtocolConfig,
  upstreamHttpProtocolOptions,
  upstreamTlsContext,
} from './config/cluster-config.ts';
import { ConfigError, readConfig, unpackAny } from './config/read-config.ts';
import { type Endpoint, type Endpoints, openEndpoints, type Resolve, systemResolve } from './endpoints.ts';
import type { Headers } from './header-map.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import type { UpstreamCallbacks, UpstreamStream } from './upstream.ts';
import { tlsOptions } from './upstream-tls.ts';

const protocolOptionsName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** What tests replace. */
export interface ClusterOverrides {
  /** In place of the machine's resolver. */
  readonly resolve?: Resolve;
  /** In place of every cluster's trusted CA. */
  readonly ca?: Buffer;
}

type Pool = Http1Pool | Http2Pool;

/** Hosts that answer the same requests, with a connection pool for each. */
export class Cluster {
  readonly name: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly #endpoints: Endpoints;
  readonly #makePool: (endpoint: Endpoint) => Pool;
  readonly #pools = new Map<string, Pool>();
  readonly #random: boolean;
  readonly #maxRequests: number;
  #next = 0;
  #active = 0;

  private constructor(config: ClusterConfig, endpoints: Endpoints, makePool: (endpoint: Endpoint) => Pool) {
    this.name = config.name;
    this.metadata = config.metadata?.filter_metadata ?? {};
    this.#endpoints = endpoints;
    this.#makePool = makePool;
    this.#random = config.lb_policy === 'RANDOM';
    this.#maxRequests = config.circuit_breakers?.thresholds[0]?.max_requests ?? 1024;
  }

  /** Opens a cluster; resolves its names before it returns. @throws ConfigError for what is not supported. */
  static async open(config: ClusterConfig, path: string, overrides: ClusterOverrides): Promise<Cluster> {
    const makePool = poolMaker(config, path, overrides.ca);
    const endpoints = await openEndpoints(config, overrides.resolve ?? systemResolve(config.dns_lookup_family));
    return new Cluster(config, endpoints, makePool);
  }

  /** Picks the host of the next request; undefined where there is none. */
  pick(): Endpoint | undefined {
    const endpoints = this.#endpoints.list();
    if (endpoints.length <= 1) return endpoints[0];
    const index = this.#random ? Math.floor(Math.random() * endpoints.length) : this.#next++ % endpoints.length;
    return endpoints[index];
  }

  /** Whether the circuit breaker lets another request through. The caller calls `release` when it is over. */
  acquire(): boolean {
    if (this.#active >= this.#maxRequests) return false;
    this.#active++;
    return true;
  }

  release(): void {
    this.#active--;
  }

  /** Sends a request to a host of this cluster. */
  request(endpoint: Endpoint, headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks): UpstreamStream {
    const key = `${endpoint.host}:${endpoint.port}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = this.#makePool(endpoint);
      this.#pools.set(key, pool);
    }
    return pool.request(headers, endStream, callbacks);
  }

  close(): void {
    this.#endpoints.close();
    for (const pool of this.#pools.values()) pool.close();
  }
}

function poolMaker(config: ClusterConfig, path: string, ca: Buffer | undefined): (endpoint: Endpoint) => Pool {
  const protocol = readProtocol(config, path);
  const socket = config.transport_socket;
  const tls =
    socket === undefined
      ? undefined
      : unpackAny(
          'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
          upstreamTlsContext,
          socket.typed_config,
          `${path}.transport_socket.typed_config`,
        );
  const common = protocol.common_http_protocol_options;
  const explicit = protocol.explicit_http_config;
  const isHttp2 = 'http2_protocol_options' in explicit;
  return ({ host, port, hostname }) => {
    const options = {
      host,
      port,
      tls: tls === undefined ? undefined : tlsOptions(tls, isHttp2 ? 'h2' : 'http/1.1', hostname, ca),
      connectTimeoutMs: config.connect_timeout,
      idleTimeoutMs: common?.idle_timeout ?? 3_600_000,
    };
    if (!isHttp2) return new Http1Pool({ ...options, maxConnections: config.circuit_breakers?.thresholds[0]?.max_connections ?? 1024 });
    return new Http2Pool({ ...options, maxConnectionDurationMs: common?.max_connection_duration, http2: explicit.http2_protocol_options });
  };
}

function readProtocol(config: ClusterConfig, path: string): UpstreamProtocolConfig {
  for (const name of Object.keys(config.typed_extension_protocol_options)) {
    if (name !== protocolOptionsName)
      throw new ConfigError(`${path}.typed_extension_protocol_options.${name}: not supported by the embedded data plane`);
  }
  const any = config.typed_extension_protocol_options[protocolOptionsName];
  if (any === undefined) return readConfig(upstreamHttpProtocolOptions, {}, path);
  return unpackAny(
    protocolOptionsName,
    upstreamHttpProtocolOptions,
    any,
    `${path}.typed_extension_protocol_options.${protocolOptionsName}`,
  );
}

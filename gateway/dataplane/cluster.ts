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

/** Circuit breakers. */
interface Limits {
  readonly requests: number;
  /** Requests without a connection. */
  readonly pending: number;
  readonly retries: number;
}

/** Hosts that answer the same requests, with a connection pool for each. */
export class Cluster {
  readonly name: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly #endpoints: Endpoints;
  readonly #makePool: (endpoint: Endpoint) => Pool;
  readonly #pools = new Map<string, Pool>();
  readonly #random: boolean;
  readonly #limits: Limits;
  #next = 0;
  #active = 0;
  #retries = 0;
  /** Requests that wait for a connection, of all pools. */
  readonly #pending: { value: number };

  private constructor(config: ClusterConfig, endpoints: Endpoints, pools: PoolMaker, pending: { value: number }) {
    this.name = config.name;
    this.protocol = pools.protocol;
    this.metadata = config.metadata?.filter_metadata ?? {};
    this.#endpoints = endpoints;
    this.#makePool = pools.make;
    this.#random = config.lb_policy === 'RANDOM';
    this.#pending = pending;
    const { max_requests: requests, max_pending_requests: waiting, max_retries: retries } = config.circuit_breakers?.thresholds[0] ?? {};
    this.#limits = { requests: requests ?? 1024, pending: waiting ?? 1024, retries: retries ?? 3 };
  }

  /** Opens a cluster; resolves its names before it returns. @throws ConfigError for what is not supported. */
  static async open(config: ClusterConfig, path: string, overrides: ClusterOverrides): Promise<Cluster> {
    const pending = { value: 0 };
    const pools = poolMaker(config, path, overrides.ca, pending);
    const endpoints = await openEndpoints(config, overrides.resolve ?? systemResolve(config.dns_lookup_family));
    return new Cluster(config, endpoints, pools, pending);
  }

  /** Picks the host of the next request; undefined where there is none. */
  pick(): Endpoint | undefined {
    const endpoints = this.#endpoints.list();
    if (endpoints.length <= 1) return endpoints[0];
    const index = this.#random ? Math.floor(Math.random() * endpoints.length) : this.#next++ % endpoints.length;
    return endpoints[index];
  }

  /** Whether the circuit breakers let another request through to a host. The caller calls `release` when it is over. */
  acquire(endpoint: Endpoint): boolean {
    if (this.#active >= this.#limits.requests) return false;
    if (this.#pending.value >= this.#limits.pending && !this.#poolOf(endpoint).isReady) return false;
    this.#active++;
    return true;
  }

  /** Whether the circuit breaker lets a request be tried again. The caller calls `releaseRetry` once that attempt is judged. */
  acquireRetry(): boolean {
    if (this.#retries >= this.#limits.retries) return false;
    this.#retries++;
    return true;
  }

  releaseRetry(): void {
    this.#retries--;
  }

  release(): void {
    this.#active--;
  }

  /** Sends a request to a host of this cluster. */
  request(endpoint: Endpoint, headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks): UpstreamStream {
    return this.#poolOf(endpoint).request(headers, endStream, callbacks);
  }

  #poolOf(endpoint: Endpoint): Pool {
    const key = `${endpoint.host}:${endpoint.port}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = this.#makePool(endpoint);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  close(): void {
    this.#endpoints.close();
    for (const pool of this.#pools.values()) pool.close();
  }
}

interface PoolMaker {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly make: (endpoint: Endpoint) => Pool;
}

function poolMaker(config: ClusterConfig, path: string, ca: Buffer | undefined, pending: { value: number }): PoolMaker {
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
  const make = ({ host, port, hostname }: Endpoint) => {
    const options = {
      host,
      port,
      tls: tls === undefined ? undefined : tlsOptions(tls, isHttp2 ? 'h2' : 'http/1.1', hostname, ca),
      connectTimeoutMs: config.connect_timeout,
      idleTimeoutMs: common?.idle_timeout ?? 3_600_000,
      pending,
    };
    if (!isHttp2) return new Http1Pool({ ...options, maxConnections: config.circuit_breakers?.thresholds[0]?.max_connections ?? 1024 });
    return new Http2Pool({ ...options, maxConnectionDurationMs: common?.max_connection_duration, http2: explicit.http2_protocol_options });
  };
  return { protocol: isHttp2 ? 'HTTP/2' : 'HTTP/1.1', make };
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

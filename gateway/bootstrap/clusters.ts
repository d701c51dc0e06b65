import { isIP } from 'node:net';
import type { GatewayEnvironment } from './gateway-environment.ts';
import { any, type JsonObject } from './json.ts';

/** The cluster of the metadata server. */
export const metadataCluster = 'metadata';

/** The cluster of the OpenTelemetry collector. */
export const otelCluster = 'otel-collector';

/** The cluster that an issuer's keys are fetched from. */
export function jwksCluster(identity: keyof GatewayEnvironment['identity']): string {
  return `jwks-${identity}`;
}

/** What a service's cluster depends on. */
export type ClusterEnvironment = Pick<GatewayEnvironment, 'trustedCaFile'>;

/** A service on Cloud Run or one of its previews, or their local stand-ins: gRPC. `filters` are those of all that goes there, whoever sends it. */
export function serviceCluster(name: string, url: string, environment: ClusterEnvironment, filters?: readonly JsonObject[]): JsonObject {
  return cluster(name, new URL(url), environment, {
    circuit_breakers: {
      thresholds: [{ max_connections: 100, max_pending_requests: 200, max_requests: 1000, max_retries: 10, track_remaining: true }],
    },
    ...http2({
      // Cloud Run's front ends come and go: connections are renewed before they are cut.
      common_http_protocol_options: { idle_timeout: '300s', max_connection_duration: '3600s' },
      explicit_http_config: {
        http2_protocol_options: {
          initial_stream_window_size: 65_536,
          initial_connection_window_size: 1_048_576,
          connection_keepalive: { interval: '30s', timeout: '10s' },
        },
      },
      ...(filters && { http_filters: filters }),
    }),
  });
}

/** Where an issuer publishes its keys. */
export function keysCluster(identity: keyof GatewayEnvironment['identity'], environment: GatewayEnvironment): JsonObject {
  return cluster(jwksCluster(identity), new URL(environment.identity[identity].jwksUri), environment, {});
}

/** The metadata server, plaintext everywhere. */
export function metadataServerCluster({ metadataServer: { host, port } }: GatewayEnvironment): JsonObject {
  return { ...endpoint(metadataCluster, host, port), connect_timeout: '1s' };
}

/** Where spans go. */
export function otelCollectorCluster({ host, port }: NonNullable<GatewayEnvironment['otelCollector']>): JsonObject {
  return {
    ...endpoint(otelCluster, host, port),
    connect_timeout: '1s',
    ...http2({ explicit_http_config: { http2_protocol_options: {} } }),
  };
}

function http2(options: JsonObject): JsonObject {
  const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return { typed_extension_protocol_options: { [type]: any(type, options) } };
}

function cluster(name: string, url: URL, environment: ClusterEnvironment, options: JsonObject): JsonObject {
  const secure = url.protocol === 'https:';
  const { trustedCaFile } = environment;
  if (secure && trustedCaFile === undefined)
    throw new TypeError(`${url.origin} has TLS: without a trustedCaFile nobody's certificate is checked`);
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return {
    ...endpoint(name, url.hostname, port, url.host),
    connect_timeout: '5s',
    per_connection_buffer_limit_bytes: 32_768,
    ...options,
    ...(secure &&
      trustedCaFile !== undefined && {
        transport_socket: tls(url.hostname, trustedCaFile, options['typed_extension_protocol_options'] !== undefined),
      }),
  };
}

/** `authority` is what a route that does not know which cluster it leads to rewrites `:authority` to. */
function endpoint(name: string, host: string, port: number, authority?: string): JsonObject {
  return {
    name,
    // LOGICAL_DNS: Google's names resolve to a few changing front ends that all do the same.
    ...(isIP(host) === 0 ? { type: 'LOGICAL_DNS', dns_lookup_family: 'V4_PREFERRED' } : { type: 'STATIC' }),
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { ...(authority && { hostname: authority }), address: { socket_address: { address: host, port_value: port } } } },
          ],
        },
      ],
    },
  };
}

/** Without both the CA and the SAN check Envoy accepts any certificate. */
function tls(serverName: string, trustedCaFile: string, http2: boolean): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: any('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni: serverName,
      auto_sni_san_validation: true,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        validation_context: { trusted_ca: { filename: trustedCaFile } },
        alpn_protocols: [http2 ? 'h2' : 'http/1.1'],
      },
    }),
  };
}

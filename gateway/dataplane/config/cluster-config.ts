import * as z from 'zod';
import { address, http2ProtocolOptions, httpProtocolOptions } from './listener-config.ts';
import { stringMatcher } from './matcher-config.ts';
import { anyConfig, dataSource, duration, list, uint } from './read-config.ts';
import { metadata } from './route-config.ts';

const lbEndpoint = z.strictObject({
  endpoint: z.strictObject({ address, hostname: z.string().optional(), health_check_config: z.never().optional() }),
  load_balancing_weight: uint.optional(),
});

const localityEndpoints = z.strictObject({
  lb_endpoints: list(lbEndpoint),
  locality: z.json().optional(),
  load_balancing_weight: uint.optional(),
  priority: z.literal(0).optional(),
});

const thresholds = z.strictObject({
  priority: z.literal('DEFAULT').optional(),
  max_connections: uint.default(1024),
  max_pending_requests: uint.default(1024),
  max_requests: uint.default(1024),
  max_retries: uint.default(3),
  track_remaining: z.boolean().optional(),
});
/** Parsed circuit breaker thresholds. */
export type ThresholdsConfig = z.output<typeof thresholds>;

/** envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext. */
export const upstreamTlsContext = z.strictObject({
  sni: z.string().optional(),
  auto_host_sni: z.boolean().default(false),
  auto_sni_san_validation: z.boolean().default(false),
  common_tls_context: z
    .strictObject({
      alpn_protocols: list(z.string()),
      tls_params: z
        .strictObject({
          tls_minimum_protocol_version: z.enum(['TLSv1_2', 'TLSv1_3']).default('TLSv1_2'),
          tls_maximum_protocol_version: z.enum(['TLSv1_2', 'TLSv1_3']).optional(),
        })
        .optional(),
      validation_context: z
        .strictObject({
          trusted_ca: dataSource.optional(),
          match_typed_subject_alt_names: list(z.strictObject({ san_type: z.enum(['DNS', 'IP_ADDRESS']), matcher: stringMatcher })),
        })
        .optional(),
    })
    .prefault({}),
});
/** A parsed TLS context. */
export type UpstreamTlsConfig = z.output<typeof upstreamTlsContext>;

/** envoy.extensions.upstreams.http.v3.HttpProtocolOptions. */
export const upstreamHttpProtocolOptions = z.strictObject({
  common_http_protocol_options: httpProtocolOptions.optional(),
  upstream_http_protocol_options: z
    .strictObject({ auto_sni: z.boolean().default(false), auto_san_validation: z.boolean().default(false) })
    .optional(),
  explicit_http_config: z
    .union([
      z.strictObject({ http_protocol_options: z.strictObject({}) }),
      z.strictObject({ http2_protocol_options: http2ProtocolOptions }),
    ])
    .prefault({ http_protocol_options: {} }),
});
/** Parsed upstream protocol options. */
export type UpstreamProtocolConfig = z.output<typeof upstreamHttpProtocolOptions>;

/** envoy.config.cluster.v3.Cluster. */
export const cluster = z.strictObject({
  name: z.string().min(1),
  type: z.enum(['STATIC', 'STRICT_DNS', 'LOGICAL_DNS']).default('STATIC'),
  connect_timeout: duration.default(5_000),
  per_connection_buffer_limit_bytes: uint.optional(),
  lb_policy: z.enum(['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM']).default('ROUND_ROBIN'),
  load_assignment: z.strictObject({ cluster_name: z.string(), endpoints: list(localityEndpoints) }),
  circuit_breakers: z.strictObject({ thresholds: list(thresholds) }).optional(),
  typed_extension_protocol_options: z.record(z.string(), anyConfig).default({}),
  transport_socket: z.strictObject({ name: z.string(), typed_config: anyConfig }).optional(),
  dns_lookup_family: z.enum(['AUTO', 'V4_ONLY', 'V6_ONLY', 'V4_PREFERRED', 'ALL']).default('AUTO'),
  dns_refresh_rate: duration.default(5_000),
  respect_dns_ttl: z.boolean().optional(),
  upstream_connection_options: z
    .strictObject({
      tcp_keepalive: z
        .strictObject({ keepalive_probes: uint.optional(), keepalive_time: uint.optional(), keepalive_interval: uint.optional() })
        .optional(),
    })
    .optional(),
  metadata: metadata.optional(),
  alt_stat_name: z.string().optional(),
});
/** A parsed cluster. */
export type ClusterConfig = z.output<typeof cluster>;

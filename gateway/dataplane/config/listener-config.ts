import * as z from 'zod';
import { headerMatcher } from './matcher-config.ts';
import { anyConfig, dataSource, duration, extensionConfig, list, uint } from './read-config.ts';
import { headerValueOption, routeConfiguration } from './route-config.ts';
import { tracingConfig } from './tracing-config.ts';

/** envoy.config.core.v3.Address: TCP only. */
export const address = z
  .strictObject({ socket_address: z.strictObject({ address: z.string(), port_value: uint, protocol: z.literal('TCP').optional() }) })
  .transform((value) => ({ host: value.socket_address.address, port: value.socket_address.port_value }));
/** A parsed address. */
export type Address = z.output<typeof address>;

/** envoy.config.core.v3.Http2ProtocolOptions. */
export const http2ProtocolOptions = z.strictObject({
  max_concurrent_streams: uint.default(1024),
  initial_stream_window_size: uint.default(16 * 1024 * 1024),
  initial_connection_window_size: uint.default(24 * 1024 * 1024),
  connection_keepalive: z
    .strictObject({
      interval: duration.optional(),
      timeout: duration,
      interval_jitter: z.strictObject({ value: z.number() }).optional(),
      connection_idle_interval: duration.optional(),
    })
    .optional(),
  override_stream_error_on_invalid_http_message: z.boolean().optional(),
  max_consecutive_inbound_frames_with_empty_payload: uint.optional(),
  max_outbound_frames: uint.optional(),
  max_outbound_control_frames: uint.optional(),
  max_inbound_priority_frames_per_stream: uint.optional(),
  max_inbound_window_update_frames_per_data_frame_sent: uint.optional(),
  allow_connect: z.literal(false).optional(),
});
/** Parsed HTTP/2 options. */
export type Http2Options = z.output<typeof http2ProtocolOptions>;

/** envoy.config.core.v3.HttpProtocolOptions. */
export const httpProtocolOptions = z.strictObject({
  idle_timeout: duration.default(3_600_000),
  max_connection_duration: duration.optional(),
  max_headers_count: uint.default(100),
  max_stream_duration: duration.optional(),
  headers_with_underscores_action: z.enum(['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER']).default('ALLOW'),
  max_requests_per_connection: uint.optional(),
});

/** envoy.config.core.v3.SubstitutionFormatString. */
const formatString = z.strictObject({
  text_format_source: dataSource.optional(),
  json_format: z.record(z.string(), z.json()).optional(),
  content_type: z.string().optional(),
  omit_empty_values: z.boolean().default(false),
  formatters: z.array(z.never()).optional(),
});
/** A parsed format. */
export type FormatConfig = z.output<typeof formatString>;

const comparison = z.strictObject({
  op: z.enum(['EQ', 'GE', 'LE', 'NE']).default('EQ'),
  value: z.strictObject({ default_value: uint, runtime_key: z.string().optional() }),
});

type AccessLogFilter =
  | { status_code_filter: { comparison: z.output<typeof comparison> } }
  | { header_filter: { header: z.output<typeof headerMatcher> } }
  | { not_health_check_filter: Record<string, never> }
  | { and_filter: { filters: AccessLogFilter[] } }
  | { or_filter: { filters: AccessLogFilter[] } };
/** A parsed filter of access logs and reply mappers. */
export type AccessLogFilterConfig = AccessLogFilter;

/** envoy.config.accesslog.v3.AccessLogFilter. */
const accessLogFilter: z.ZodType<AccessLogFilter> = z.lazy(() =>
  z.union([
    z.strictObject({ status_code_filter: z.strictObject({ comparison }) }),
    z.strictObject({ header_filter: z.strictObject({ header: headerMatcher }) }),
    z.strictObject({ not_health_check_filter: z.strictObject({}) }),
    z.strictObject({ and_filter: z.strictObject({ filters: z.array(accessLogFilter).min(2) }) }),
    z.strictObject({ or_filter: z.strictObject({ filters: z.array(accessLogFilter).min(2) }) }),
  ]),
);

/** envoy.extensions.access_loggers.stream.v3.StdoutAccessLog and StderrAccessLog. */
export const streamAccessLog = z.strictObject({ log_format: formatString });

const accessLog = z.strictObject({ name: z.string(), filter: accessLogFilter.optional(), typed_config: anyConfig });
/** A parsed access log. */
export type AccessLogConfig = z.output<typeof accessLog>;

const localReplyConfig = z.strictObject({
  mappers: list(
    z.strictObject({
      filter: accessLogFilter,
      status_code: uint.optional(),
      body: dataSource.optional(),
      body_format_override: formatString.optional(),
      headers_to_add: list(headerValueOption),
    }),
  ),
  body_format: formatString.optional(),
});
/** A parsed local reply configuration. */
export type LocalReplyConfig = z.output<typeof localReplyConfig>;

/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager. */
export const httpConnectionManager = z.strictObject({
  stat_prefix: z.string().min(1),
  codec_type: z.enum(['AUTO']).default('AUTO'),
  route_config: routeConfiguration,
  http_filters: z.array(extensionConfig).min(1),
  access_log: list(accessLog),
  local_reply_config: localReplyConfig.optional(),
  early_header_mutation_extensions: list(extensionConfig),
  common_http_protocol_options: httpProtocolOptions.prefault({}),
  http2_protocol_options: http2ProtocolOptions.prefault({}),
  http_protocol_options: z.strictObject({ accept_http_10: z.literal(false).optional() }).optional(),
  server_name: z.string().default('envoy'),
  server_header_transformation: z.enum(['OVERWRITE', 'APPEND_IF_ABSENT', 'PASS_THROUGH']).default('OVERWRITE'),
  scheme_header_transformation: z.strictObject({ scheme_to_overwrite: z.enum(['http', 'https']) }).optional(),
  max_request_headers_kb: uint.default(60),
  stream_idle_timeout: duration.default(300_000),
  request_timeout: duration.default(0),
  request_headers_timeout: duration.default(0),
  drain_timeout: duration.default(5_000),
  delayed_close_timeout: duration.default(1_000),
  normalize_path: z.boolean().default(false),
  merge_slashes: z.boolean().default(false),
  path_with_escaped_slashes_action: z
    .enum(['IMPLEMENTATION_SPECIFIC_DEFAULT', 'KEEP_UNCHANGED', 'REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD'])
    .default('KEEP_UNCHANGED'),
  strip_any_host_port: z.boolean().default(false),
  use_remote_address: z.boolean().default(false),
  xff_num_trusted_hops: uint.default(0),
  skip_xff_append: z.boolean().default(false),
  via: z.string().default(''),
  generate_request_id: z.boolean().default(true),
  preserve_external_request_id: z.boolean().default(false),
  always_set_request_id_in_response: z.boolean().default(false),
  stream_error_on_invalid_http_message: z.boolean().optional(),
  tracing: tracingConfig.optional(),
});
/** A parsed HTTP connection manager. */
export type HttpConnectionManagerConfig = z.output<typeof httpConnectionManager>;

/** envoy.config.listener.v3.Listener. */
export const listener = z.strictObject({
  name: z.string().min(1),
  address,
  filter_chains: z
    .array(
      z.strictObject({
        name: z.string().optional(),
        filters: z.array(extensionConfig).length(1, 'one network filter, the HTTP connection manager, is supported'),
      }),
    )
    .length(1, 'one filter chain is supported'),
  per_connection_buffer_limit_bytes: uint.default(1024 * 1024),
  ignore_global_conn_limit: z.boolean().optional(),
  enable_reuse_port: z.boolean().optional(),
  max_connections_to_accept_per_socket_event: uint.optional(),
  // The other one would have its spans named otherwise.
  traffic_direction: z.enum(['UNSPECIFIED', 'INBOUND']).optional(),
  drain_type: z.enum(['DEFAULT', 'MODIFY_ONLY']).optional(),
  tcp_backlog_size: uint.optional(),
  stat_prefix: z.string().optional(),
});
/** A parsed listener. */
export type ListenerConfig = z.output<typeof listener>;

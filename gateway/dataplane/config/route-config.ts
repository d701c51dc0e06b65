import * as z from 'zod';
import { routeMatch } from './matcher-config.ts';
import { anyConfig, dataSource, duration, list, uint } from './read-config.ts';

/** envoy.config.core.v3.HeaderValueOption. */
export const headerValueOption = z.strictObject({
  header: z.strictObject({ key: z.string().min(1).toLowerCase(), value: z.string().default('') }),
  append_action: z
    .enum(['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS'])
    .default('APPEND_IF_EXISTS_OR_ADD'),
  keep_empty_value: z.boolean().default(false),
});
/** A parsed header to add. */
export type HeaderValueOption = z.output<typeof headerValueOption>;

const headerName = z.string().min(1).toLowerCase();

const headerEdits = {
  request_headers_to_add: list(headerValueOption),
  request_headers_to_remove: list(headerName),
  response_headers_to_add: list(headerValueOption),
  response_headers_to_remove: list(headerName),
};

/** envoy.config.route.v3.RetryPolicy. */
const retryPolicy = z.strictObject({
  retry_on: z.string().default(''),
  num_retries: uint.default(1),
  per_try_timeout: duration.optional(),
  retry_back_off: z.strictObject({ base_interval: duration, max_interval: duration.optional() }).optional(),
  retriable_status_codes: list(uint),
});
/** A parsed retry policy. */
export type RetryPolicyConfig = z.output<typeof retryPolicy>;

const regexRewrite = z.strictObject({ pattern: z.strictObject({ regex: z.string() }), substitution: z.string() });

/** envoy.config.route.v3.RouteAction. */
const routeAction = z
  .strictObject({
    cluster: z.string().optional(),
    cluster_header: headerName.optional(),
    cluster_not_found_response_code: z.enum(['SERVICE_UNAVAILABLE', 'NOT_FOUND', 'INTERNAL_SERVER_ERROR']).default('SERVICE_UNAVAILABLE'),
    prefix_rewrite: z.string().optional(),
    regex_rewrite: regexRewrite.optional(),
    host_rewrite_literal: z.string().optional(),
    host_rewrite_header: headerName.optional(),
    auto_host_rewrite: z.boolean().default(false),
    append_x_forwarded_host: z.boolean().default(false),
    timeout: duration.default(15_000),
    idle_timeout: duration.optional(),
    retry_policy: retryPolicy.optional(),
    max_stream_duration: z
      .strictObject({
        max_stream_duration: duration.optional(),
        grpc_timeout_header_max: duration.optional(),
        grpc_timeout_header_offset: duration.optional(),
      })
      .optional(),
  })
  .refine(
    (value) => (value.cluster === undefined) !== (value.cluster_header === undefined),
    'exactly one of cluster, cluster_header is needed',
  );
/** A parsed route action. */
export type RouteActionConfig = z.output<typeof routeAction>;

const redirectAction = z.strictObject({
  https_redirect: z.boolean().default(false),
  scheme_redirect: z.string().optional(),
  host_redirect: z.string().optional(),
  port_redirect: uint.optional(),
  path_redirect: z.string().optional(),
  prefix_rewrite: z.string().optional(),
  response_code: z
    .enum(['MOVED_PERMANENTLY', 'FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT'])
    .default('MOVED_PERMANENTLY'),
  strip_query: z.boolean().default(false),
});
/** A parsed redirect. */
export type RedirectConfig = z.output<typeof redirectAction>;

const perFilterConfig = z.record(z.string(), anyConfig).default({});

/** envoy.config.core.v3.Metadata: kept for wasm properties. */
export const metadata = z.strictObject({ filter_metadata: z.record(z.string(), z.record(z.string(), z.json())).default({}) });

/** envoy.config.route.v3.Route. */
const route = z
  .strictObject({
    name: z.string().default(''),
    match: routeMatch,
    route: routeAction.optional(),
    redirect: redirectAction.optional(),
    direct_response: z.strictObject({ status: uint, body: dataSource.optional() }).optional(),
    metadata: metadata.optional(),
    typed_per_filter_config: perFilterConfig,
    stat_prefix: z.string().optional(),
    ...headerEdits,
  })
  .refine(
    (value) => [value.route, value.redirect, value.direct_response].filter((one) => one !== undefined).length === 1,
    'exactly one of route, redirect, direct_response is needed',
  );
/** A parsed route. */
export type RouteConfig = z.output<typeof route>;

const virtualHost = z.strictObject({
  name: z.string().min(1),
  domains: z.array(z.string().min(1)).min(1),
  routes: list(route),
  typed_per_filter_config: perFilterConfig,
  retry_policy: retryPolicy.optional(),
  require_tls: z.literal('NONE').optional(),
  ...headerEdits,
});
/** A parsed virtual host. */
export type VirtualHostConfig = z.output<typeof virtualHost>;

/** envoy.config.route.v3.RouteConfiguration. */
export const routeConfiguration = z.strictObject({
  name: z.string().default(''),
  virtual_hosts: list(virtualHost),
  ignore_port_in_host_matching: z.boolean().default(false),
  validate_clusters: z.boolean().optional(),
  max_direct_response_body_size_bytes: uint.default(4096),
  internal_only_headers: list(headerName),
  typed_per_filter_config: perFilterConfig,
  most_specific_header_mutations_wins: z.literal(false).optional(),
  ...headerEdits,
});
/** A parsed route configuration. */
export type RouteConfigurationConfig = z.output<typeof routeConfiguration>;

/** Kept here so that the rewrite's regex is compiled in one place: RE2's \1 is ECMAScript's $1. */
export function compileRewrite(config: z.output<typeof regexRewrite>): (path: string) => string {
  const pattern = new RegExp(config.pattern.regex, 'g');
  const substitution = config.substitution.replaceAll('$', '$$$$').replace(/\\(\d)/g, (_, digit) => (digit === '0' ? '$&' : `$${digit}`));
  return (path) => path.replace(pattern, substitution);
}

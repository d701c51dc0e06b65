import type { LabListener } from './lab-bootstrap.ts';
import { any, filter, type Json, to } from './messages.ts';

const always = { default_value: { numerator: 100 } };
const retry = (on: string, times: number): Json => ({ retry_policy: { retry_on: on, num_retries: times } });
const bounded = (max: string): Json => ({
  timeout: '0s',
  max_stream_duration: { max_stream_duration: '0.3s', grpc_timeout_header_max: max },
});

/** Routing, time limits, retries, circuit breakers, TLS; nothing normalised and no reply rewritten. */
export function plainListener(): LabListener {
  return {
    manager: {
      // KiB, so that a case can exceed them.
      max_request_headers_kb: 8,
      common_http_protocol_options: { max_headers_count: 50, headers_with_underscores_action: 'DROP_HEADER' },
      http2_protocol_options: { max_concurrent_streams: 10 },
      request_headers_timeout: '0.5s',
      stream_idle_timeout: '0.5s',
    },
    filters: [
      // Without filter_enabled and filter_enforced a limit of one request for ever limits nothing.
      filter('local_ratelimit', 'LocalRateLimit', {
        stat_prefix: 'off',
        token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: '3600s' },
      }),
    ],
    routes: [
      to('/http1', 'http1'),
      to('/timeout', 'main', { timeout: '0.2s' }),
      to('/bounded', 'main', bounded('1s')),
      to('/uncapped', 'main', bounded('0s')),
      to('/down', 'down'),
      to('/retried', 'main', retry('refused-stream', 1)),
      to('/other-condition', 'main', retry('connect-failure', 3)),
      to('/status', 'main', retry('5xx', 1)),
      to('/no-retries', 'no-retries', retry('refused-stream', 3)),
      to('/no-requests', 'no-requests'),
      to('/no-pending', 'no-pending'),
      to('/tls-other-name', 'tls-other-name', {}),
      to('/tls-other-ca', 'tls-other-ca'),
      to('/tls-blind', 'tls-blind'),
      to('/tls', 'tls', { host_rewrite_literal: 'keys.example' }),
      { match: { prefix: '/chosen' }, route: { cluster_header: 'x-cluster' } },
      { match: { prefix: '/direct' }, direct_response: { status: 418, body: { inline_string: 'short and stout' } } },
      { match: { prefix: '/moved' }, redirect: { path_redirect: '/echo' } },
      to('/echo', 'main'),
    ],
  };
}

/** Buckets that are never filled again. */
export function limitedListener(): LabListener {
  const bucket = (tokens: number) => ({ max_tokens: tokens, tokens_per_fill: tokens, fill_interval: '3600s' });
  return {
    filters: [
      filter('local_ratelimit', 'LocalRateLimit', {
        stat_prefix: 'limited',
        filter_enabled: always,
        filter_enforced: always,
        token_bucket: bucket(4),
        descriptors: [{ entries: [{ key: 'client' }], token_bucket: bucket(2) }],
        rate_limits: [{ actions: [{ request_headers: { header_name: 'x-client', descriptor_key: 'client' } }] }],
        max_dynamic_descriptors: 100,
        always_consume_default_token_bucket: false,
      }),
    ],
    routes: [to('/', 'main')],
  };
}

/** Every request sampled. The spans go nowhere: they would come in the middle of another case. */
export function tracedListener(): LabListener {
  return {
    manager: {
      tracing: {
        random_sampling: { value: 100 },
        provider: {
          name: 'envoy.tracers.opentelemetry',
          typed_config: any('envoy.config.trace.v3.OpenTelemetryConfig', {
            grpc_service: { envoy_grpc: { cluster_name: 'down' }, timeout: '1s' },
            service_name: 'lab',
          }),
        },
      },
    },
    routes: [to('/', 'main')],
  };
}

import { accessLogs } from './access-log.ts';
import { answers } from './filters/answers.ts';
import { bodyLimit } from './filters/body-limit.ts';
import { browserProtocols } from './filters/browser-protocols.ts';
import { compressors } from './filters/compressors.ts';
import { cors, hasCors } from './filters/cors.ts';
import { dynamicRouting } from './filters/dynamic-routing.ts';
import { errorCaching } from './filters/error-caching.ts';
import { grpcJsonTranscoder } from './filters/grpc-json-transcoder.ts';
import { grpcStatistics } from './filters/grpc-statistics.ts';
import { jwtAuthn } from './filters/jwt-authn.ts';
import { callerRateLimit, clientRateLimit } from './filters/local-ratelimit.ts';
import { metadataToken } from './filters/metadata-token.ts';
import { rbac } from './filters/rbac.ts';
import { type GatewayEnvironment, hasPreviews } from './gateway-environment.ts';
import type { GatewayMethod, Role } from './gateway-methods.ts';
import { headersToStrip } from './internal-headers.ts';
import { any, type JsonObject } from './json.ts';
import { localReplies } from './local-replies.ts';
import { routeConfig, seconds, streamIdleMs } from './routes/routes.ts';
import { tracing } from './tracing.ts';

/** The path that says whether the gateway takes traffic. Cloud Run keeps some paths that end in "z" for itself. */
const healthPath = '/health';

/** Everything between a client's connection and the clusters. */
export function httpConnectionManager(
  role: Role,
  environment: GatewayEnvironment,
  methods: readonly GatewayMethod[],
  upstreams: readonly string[],
): JsonObject {
  // Google's triggers keep their own limits.
  const limits = role === 'edge' ? environment.rateLimits : undefined;
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
      stat_prefix: role,
      codec_type: 'AUTO',
      ...edgeHardening(role, environment),
      ...tracing(role, environment),
      access_log: accessLogs(environment),
      local_reply_config: localReplies(environment),
      route_config: routeConfig(role, environment, methods),
      http_filters: [
        // First: answers probes without a token.
        healthCheck(),
        // Before everything that answers or changes an answer.
        errorCaching(),
        // Likewise, and before the compressors, which compress streams of JSON as JSON.
        ...answers(),
        // Before every filter that rejects: preflights carry no token, and rejections need the CORS headers.
        ...(hasCors(role, environment) ? [cors()] : []),
        // Before every filter that rejects as well: a rejection is put into the form of the protocol that the client speaks.
        ...browserProtocols(role),
        // Before the token check, which costs more than what it protects from.
        ...(limits === undefined ? [] : [clientRateLimit(limits)]),
        ...compressors(environment),
        // Before the transcoder, so that nothing unverified is parsed; it works on REST and gRPC paths alike.
        jwtAuthn(role, environment),
        // Behind the token check, which says who calls.
        ...(limits === undefined ? [] : [callerRateLimit(limits)]),
        // Behind the token check, whose payload it reads, and before the transcoder, behind which the route is chosen for good.
        ...(hasPreviews(environment) ? [dynamicRouting(role, environment)] : []),
        // Right before the transcoder, which keeps what a body has in memory.
        bodyLimit(),
        // Before rbac, which knows gRPC paths only.
        grpcJsonTranscoder(environment, methods),
        // Before the token filter: who is denied costs no token. It resolves the route anew, which the token filter needs.
        rbac(),
        // Behind rbac: only what may reach a service is counted as a call of it, and only methods of ours.
        grpcStatistics(),
        // Last before the router: nothing after it may change the route, since the token is the route's.
        metadataToken(environment, upstreams),
        {
          name: 'envoy.filters.http.router',
          typed_config: any('envoy.extensions.filters.http.router.v3.Router', { suppress_envoy_headers: true }),
        },
      ],
    }),
  };
}

/** For a listener that anyone can reach (Envoy's guide "Configuring Envoy as an edge proxy"). */
function edgeHardening(role: Role, environment: GatewayEnvironment): JsonObject {
  const { name, trustedHops } = environment;
  return {
    early_header_mutation_extensions: [
      {
        name: 'envoy.http.early_header_mutation.header_mutation',
        typed_config: any('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
          mutations: headersToStrip(role, environment).map((remove) => ({ remove })),
        }),
      },
    ],
    use_remote_address: true,
    xff_num_trusted_hops: trustedHops,
    // Cloud Run hands requests over as plaintext HTTP/2 with scheme http, which TLS upstreams would refuse.
    scheme_header_transformation: { scheme_to_overwrite: name === 'production' ? 'https' : 'http' },
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    common_http_protocol_options: { idle_timeout: '300s', headers_with_underscores_action: 'REJECT_REQUEST' },
    http2_protocol_options: {
      max_concurrent_streams: 100,
      initial_stream_window_size: 65_536,
      initial_connection_window_size: 1_048_576,
    },
    request_headers_timeout: '10s',
    // Time for a whole request to arrive. No method takes a stream of requests.
    request_timeout: '30s',
    stream_idle_timeout: seconds(streamIdleMs),
  };
}

function healthCheck(): JsonObject {
  return {
    name: 'envoy.filters.http.health_check',
    typed_config: any('envoy.extensions.filters.http.health_check.v3.HealthCheck', {
      pass_through_mode: false,
      headers: [{ name: ':path', string_match: { exact: healthPath } }],
    }),
  };
}

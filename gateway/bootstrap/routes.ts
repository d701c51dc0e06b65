import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { defaultMaxRequestBytes } from '../../services/platform/contracts/request-size.ts';
import { bodyLimitName, maxRestBytes, noBodyLimit, restBodyLimit } from './body-limit.ts';
import { previewCluster } from './clusters.ts';
import { corsName, corsPolicy, hasCors } from './cors.ts';
import { type GatewayEnvironment, upstreamUrl } from './environment.ts';
import type { GatewayMethod, Role } from './gateway-methods.ts';
import { templateKey, templateRegex } from './http-template.ts';
import { noClusterHeader, previewHeader } from './internal-headers.ts';
import { introspectionOf } from './introspection.ts';
import type { JsonObject } from './json.ts';
import { previewsOf } from './previews.ts';
import { rbacName, rbacOff } from './rbac.ts';

/**
 * One route for each method, on its gRPC path, one before it for each preview of its service, and one for everything else.
 *
 * The route of a REST request is its method's: the transcoder rewrites the path and clears the route cache, and rbac resolves the route
 * anew. Until then it is on the last route, or on the one for cors. What is still on the last route at the router belongs to no method:
 * 404. It is there that rbac is off, or a caller with a good token would be told 403 for a path that does not exist. Without a token the
 * last rule of jwt_authn has answered 401 before.
 */
export function routeConfig(role: Role, environment: GatewayEnvironment, methods: readonly GatewayMethod[]): JsonObject {
  const cors = hasCors(role, environment);
  return {
    name: role,
    virtual_hosts: [
      {
        name: role,
        domains: ['*'],
        routes: [
          ...methods.flatMap((method) => previewRoutes(environment, method)),
          ...(role === 'edge' && environment.strictPreviews ? unknownPreviews(methods) : []),
          ...methods.map((method) => ({ ...methodRoute(environment, method), ...caching(method) })),
          ...introspectionRoutes(role, environment),
          ...methods.flatMap(largeBodies),
          ...(cors ? restPrefixes(methods).map(beforeTranscoding) : []),
          {
            name: 'not-found',
            match: { prefix: '/' },
            direct_response: { status: 404 },
            typed_per_filter_config: { [rbacName]: rbacOff(), [bodyLimitName]: restBodyLimit() },
          },
        ],
        response_headers_to_add: [{ header: { key: 'cache-control', value: 'no-store' }, append_action: 'ADD_IF_ABSENT' }],
        typed_per_filter_config: { [bodyLimitName]: noBodyLimit(), ...(cors && { [corsName]: corsPolicy(environment, methods) }) },
      },
    ],
  };
}

/** The same method at the previews of its service, for requests whose token asks for one of them. What a preview answers is for nobody to keep. */
function previewRoutes(environment: GatewayEnvironment, method: GatewayMethod): JsonObject[] {
  return previewsOf(environment, [method.workload]).map((preview) => {
    const { name, match, route } = methodRoute(environment, method, { cluster: previewCluster(preview), url: preview.url });
    const chosen = { name: previewHeader(preview.service), string_match: { exact: preview.tag } };
    return { name: `${name}@${preview.tag}`, match: { ...match, headers: [chosen] }, route };
  });
}

/**
 * The answer to a token that asks for a preview which is not listed. Only at the edge, where somebody reads it: a task whose preview is gone
 * would fail until it is given up, and what it stands for would never be done.
 */
function unknownPreviews(methods: readonly GatewayMethod[]): JsonObject[] {
  const owners = new Map(methods.map(({ desc, workload }) => [desc.parent.typeName, workload]));
  return [...owners].map(([typeName, workload]) => ({
    name: `unknown-preview/${typeName}`,
    match: { prefix: `/${typeName}/`, headers: [{ name: previewHeader(workload), present_match: true }] },
    direct_response: {
      status: 503,
      body: { inline_string: `the token asks for a preview of the ${workload} service that does not exist` },
    },
  }));
}

function methodRoute(
  environment: GatewayEnvironment,
  method: GatewayMethod,
  upstream = { cluster: method.workload, url: upstreamUrl(environment, method.workload) },
) {
  const { desc, grpcPath, deadlineMs } = method;
  // One second more than the service has, so that the service answers first and says why.
  const limit = seconds(deadlineMs + 1000);
  return {
    name: `${desc.parent.typeName}.${desc.name}`,
    match: { path: grpcPath },
    route: {
      cluster: upstream.cluster,
      // Cloud Run finds the service by this name, and answers 404 to any other.
      host_rewrite_literal: new URL(upstream.url).host,
      // The default of 15 s would cut streams; the limit on the whole stream takes its place.
      timeout: '0s',
      max_stream_duration: { max_stream_duration: limit, grpc_timeout_header_max: limit },
      ...silence(method),
      ...retries(method),
    },
  };
}

/** Reflection and health, for as long as somebody looks. */
function introspectionRoutes(role: Role, environment: GatewayEnvironment): JsonObject[] {
  const open = introspectionOf(role, environment);
  if (open === undefined) return [];
  const { upstream, paths } = open;
  return paths.map((path) => ({
    name: path.slice(1),
    match: { path },
    route: { cluster: upstream, host_rewrite_literal: new URL(upstreamUrl(environment, upstream)).host, timeout: '60s' },
  }));
}

/**
 * What a REST request is on while the cors filter looks: that filter does nothing without a route to an upstream, so the 404 of the last
 * one would not do. No request gets further on this route: rbac allows gRPC paths only, and the header that would name the cluster is
 * removed early.
 */
function beforeTranscoding(prefix: string): JsonObject {
  return {
    name: `rest${prefix}`,
    match: { prefix },
    route: { cluster_header: noClusterHeader },
    typed_per_filter_config: { [bodyLimitName]: restBodyLimit() },
  };
}

/** The same for methods that take more than others do. */
function largeBodies(method: GatewayMethod): JsonObject[] {
  const maxBytes = maxRestBytes(method);
  if (maxBytes === defaultMaxRequestBytes) return [];
  return method.bindings.map(({ template }) => ({
    name: `rest${templateKey(template)}`,
    match: { safe_regex: { regex: templateRegex(template) } },
    route: { cluster_header: noClusterHeader },
    typed_per_filter_config: { [bodyLimitName]: restBodyLimit(maxBytes) },
  }));
}

function restPrefixes(methods: readonly GatewayMethod[]): string[] {
  const templates = methods.flatMap(({ bindings }) => bindings.map(({ template }) => template));
  return [
    ...new Set(templates.map(({ segments: [first, second] }) => (second === undefined || first?.includes('*') ? '/' : `/${first}/`))),
  ];
}

/** How long a stream may be silent. Server streams send heartbeats well within it. */
export const streamIdleMs = 300_000;

/** A unary method is silent until it answers: where it may take longer than a stream may be silent, its own limit is enough. */
function silence({ desc, deadlineMs }: GatewayMethod): JsonObject {
  return desc.methodKind === 'unary' && deadlineMs + 1000 >= streamIdleMs ? { idle_timeout: '0s' } : {};
}

/** Only what may happen twice is sent twice. */
function retries({ desc }: GatewayMethod): JsonObject {
  if (desc.idempotency === Idempotency.IDEMPOTENCY_UNKNOWN) return {};
  return {
    retry_policy: {
      retry_on: 'reset,connect-failure,refused-stream,unavailable',
      num_retries: 2,
      retry_back_off: { base_interval: '0.025s', max_interval: '0.25s' },
    },
  };
}

/** Public reads may be kept for a moment, unless they fail; all else falls under the virtual host's "no-store". */
function caching({ access, desc }: GatewayMethod): JsonObject {
  if (access !== 'public' || desc.idempotency !== Idempotency.NO_SIDE_EFFECTS) return {};
  return {
    response_headers_to_add: [
      { header: { key: 'cache-control', value: 'public, max-age=5' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
    ],
  };
}

/** A google.protobuf.Duration in JSON. */
export function seconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`;
}

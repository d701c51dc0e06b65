import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { templateKey } from '../../../services/platform/contracts/http-template.ts';
import { answersOf } from '../filters/answers.ts';
import { bodyLimitName, restBodyLimit } from '../filters/body-limit.ts';
import { browserProtocols } from '../filters/browser-protocols.ts';
import { compressors } from '../filters/compressors.ts';
import { corsName, corsPolicy, hasCors } from '../filters/cors.ts';
import { jwtAuthnName, type Requirement, requirementOf, takenBy, tokenOf, undeclared } from '../filters/jwt-authn.ts';
import { rbacName, rbacOf, rbacOff, rbacOpen } from '../filters/rbac.ts';
import { without } from '../filters/without.ts';
import { type GatewayEnvironment, hasPreviews, upstreamUrl } from '../gateway-environment.ts';
import type { GatewayMethod, Role } from '../gateway-methods.ts';
import { noClusterHeader, previewHeader } from '../internal-headers.ts';
import type { JsonObject } from '../json.ts';
import { previewRouteName, previewSpecifiers, specifierName } from '../previews.ts';
import { traceHeader } from '../tracing.ts';
import { documentRoutes, maxDocumentBytes } from './documents.ts';
import { introspectionOf } from './introspection.ts';
import { type PlacedRoute, routeTree } from './route-tree.ts';
import { compareTemplates, templatePrefix, templateRegex } from './template-matching.ts';
import { wrongMethodRoutes } from './wrong-method.ts';

/**
 * One route for each method, on its gRPC path, one before it for the previews of its service, one for each REST path of a method, and one for everything
 * else.
 *
 * The route of a REST request is its method's in the end: the transcoder rewrites the path and clears the route cache, and rbac resolves the route anew.
 * Until then it is on the one of its REST path, which says what token jwt_authn asks for and how large the body may be, and leads nowhere. What is still
 * on the last route at the router belongs to no method: 404. It is there that rbac is off, or a caller with a good token would be told 403 for a path that
 * does not exist. Without a token jwt_authn has answered 401 before.
 *
 * Each route says what token it needs. One that does not is refused by the virtual host's own requirement, which does not exist.
 */
export function routeConfig(role: Role, environment: GatewayEnvironment, methods: readonly GatewayMethod[]): JsonObject {
  const cors = hasCors(role, environment);
  const documents = documentRoutes(role, environment);
  return {
    name: role,
    ...(hasPreviews(environment) && { cluster_specifier_plugins: previewSpecifiers(role, environment, methods) }),
    ...(documents.length > 0 && { max_direct_response_body_size_bytes: maxDocumentBytes }),
    virtual_hosts: [
      {
        name: role,
        domains: ['*'],
        matcher: routeTree([
          ...(hasPreviews(environment) ? methods.map((method) => previewRoute(environment, method)) : []),
          ...methods.map((method) => onService(method, { ...methodRoute(environment, method), ...caching(method) })),
          ...introspectionRoutes(role, environment),
          ...documents,
          ...restRoutes(role, environment, methods),
          ...wrongMethodRoutes(methods),
          ...(cors ? restPrefixes(methods).map(otherRest) : []),
          { prefix: '/', route: notFound() },
        ]),
        response_headers_to_add: [
          { header: { key: 'cache-control', value: 'no-store' }, append_action: 'ADD_IF_ABSENT' },
          ...traceHeader(environment),
        ],
        typed_per_filter_config: {
          [jwtAuthnName]: tokenOf(undeclared),
          ...(cors && { [corsName]: corsPolicy(environment, methods) }),
        },
      },
    ],
  };
}

/** Under the beginning of its service's paths. */
function onService({ desc }: GatewayMethod, route: JsonObject): PlacedRoute {
  return { prefix: `/${desc.parent.typeName}/`, route };
}

function notFound(): JsonObject {
  return {
    name: 'not-found',
    match: { prefix: '/' },
    direct_response: { status: 404 },
    ...takenBy('any'),
    typed_per_filter_config: { [jwtAuthnName]: tokenOf('any'), [rbacName]: rbacOff() },
  };
}

/**
 * The same method for requests whose token asks for a preview of its service. Which there are is told while the gateway runs, so the route leaves the cluster to
 * a plugin, and takes the name from that cluster's endpoint. What a preview answers is for nobody to keep.
 */
function previewRoute(environment: GatewayEnvironment, method: GatewayMethod): PlacedRoute {
  const { name, match, route, ...rest } = methodRoute(environment, method);
  const { cluster: _, host_rewrite_literal: __, ...limits } = route;
  return onService(method, {
    name: previewRouteName(name),
    match: { ...match, headers: [{ name: previewHeader(method.workload), present_match: true }] },
    route: { cluster_specifier_plugin: specifierName(method.workload), auto_host_rewrite: true, ...limits },
    ...rest,
  });
}

function methodRoute(environment: GatewayEnvironment, method: GatewayMethod) {
  const { desc, grpcPath, deadlineMs, workload } = method;
  // One second more than the service has, so that the service answers first and says why.
  const limit = seconds(deadlineMs + 1000);
  return {
    name: `${desc.parent.typeName}.${desc.name}`,
    match: { path: grpcPath },
    route: {
      cluster: workload,
      // Cloud Run finds the service by this name, and answers 404 to any other.
      host_rewrite_literal: new URL(upstreamUrl(environment, workload)).host,
      // The default of 15 s would cut streams; the limit on the whole stream takes its place.
      timeout: '0s',
      max_stream_duration: { max_stream_duration: limit, grpc_timeout_header_max: limit },
      ...silence(method),
      ...retries(method),
    },
    ...takenBy(requirementOf(environment, method)),
    typed_per_filter_config: {
      [jwtAuthnName]: tokenOf(requirementOf(environment, method)),
      [rbacName]: rbacOf([method], environment),
      ...without([...compressors(environment).map(filterName), bodyLimitName]),
    },
  };
}

/** Reflection and health, for as long as somebody looks. */
function introspectionRoutes(role: Role, environment: GatewayEnvironment): PlacedRoute[] {
  const open = introspectionOf(role, environment);
  if (open === undefined) return [];
  const { upstream, paths } = open;
  return paths.map((path) => ({
    prefix: path.slice(0, path.lastIndexOf('/') + 1),
    route: {
      name: path.slice(1),
      match: { path },
      route: { cluster: upstream, host_rewrite_literal: new URL(upstreamUrl(environment, upstream)).host, timeout: '60s' },
      typed_per_filter_config: {
        [jwtAuthnName]: tokenOf('none'),
        [rbacName]: rbacOpen(path),
        ...without([...compressors(environment).map(filterName), bodyLimitName]),
      },
    },
  }));
}

/**
 * What a REST request is on until it is transcoded. It is a route to an upstream, because the cors filter does nothing without one. No request gets further
 * on it: rbac allows gRPC paths only, and the header that would name the cluster is removed early.
 */
function beforeTranscoding(name: string, match: JsonObject, requirement: Requirement) {
  return {
    name,
    match,
    route: { cluster_header: noClusterHeader },
    ...takenBy(requirement),
    typed_per_filter_config: { [jwtAuthnName]: tokenOf(requirement) },
  };
}

const filterName = ({ name }: { readonly name: string }) => name;

/**
 * One for each REST path of a method, in the order in which the transcoder chooses. That they agree with what it makes of a path is not needed for safety:
 * rbac asks for the right payload on the gRPC path again.
 */
function restRoutes(role: Role, environment: GatewayEnvironment, methods: readonly GatewayMethod[]): PlacedRoute[] {
  return methods
    .flatMap((method) => method.bindings.map((binding) => ({ method, ...binding })))
    .sort((a, b) => compareTemplates(a.template, b.template))
    .map(({ method, httpMethod, template }) => {
      const match = { safe_regex: { regex: templateRegex(template) }, headers: [{ name: ':method', string_match: { exact: httpMethod } }] };
      const name = `rest/${httpMethod}${templateKey(template)}`;
      const { typed_per_filter_config: filters, ...route } = beforeTranscoding(name, match, requirementOf(environment, method));
      const own = {
        ...filters,
        ...restBodyLimit(method),
        ...answersOf(method.desc.methodKind === 'server_streaming'),
        ...without(browserProtocols(role).map(filterName)),
      };
      return { prefix: templatePrefix(template), route: { ...route, typed_per_filter_config: own } };
    });
}

/** Paths that begin like those of methods: preflights are there, and requests of no method, which cors tells a browser as well. */
function otherRest(prefix: string): PlacedRoute {
  return { prefix, route: beforeTranscoding(`rest${prefix}`, { prefix }, 'any') };
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
      // 503 without a grpc-status is Cloud Run's: an instance has ended, or none has come up.
      retry_on: 'reset,connect-failure,refused-stream,unavailable,retriable-status-codes',
      retriable_status_codes: [503],
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

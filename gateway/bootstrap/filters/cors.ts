import type { GatewayEnvironment } from '../gateway-environment.ts';
import type { GatewayMethod, Role } from '../gateway-methods.ts';
import { any, type JsonObject } from '../json.ts';

/** The filter's name. */
export const corsName = 'envoy.filters.http.cors';

/** The filter; its policy stands in the virtual host. */
export function cors(): JsonObject {
  return { name: corsName, typed_config: any('envoy.extensions.filters.http.cors.v3.Cors') };
}

/** Whether browser apps call this gateway. */
export function hasCors(role: Role, { name, corsOrigins }: GatewayEnvironment): boolean {
  return role === 'edge' && (name === 'local' || corsOrigins.length > 0);
}

/** What browser apps of the listed origins may do. */
export function corsPolicy({ name, corsOrigins }: GatewayEnvironment, methods: readonly GatewayMethod[]): JsonObject {
  const httpMethods = new Set(['POST', ...methods.flatMap(({ bindings }) => bindings.map(({ httpMethod }) => httpMethod))]);
  return any('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    // Exact origins: "*" would reflect any.
    allow_origin_string_match: [
      ...corsOrigins.map((exact) => ({ exact })),
      ...(name === 'local' ? [{ safe_regex: { regex: ownMachine } }] : []),
    ],
    allow_methods: [...httpMethods].sort().join(','),
    allow_headers: ['authorization', 'content-type', 'if-match', 'traceparent', ...grpcWebRequestHeaders, ...connectRequestHeaders].join(
      ',',
    ),
    expose_headers: 'grpc-status,grpc-message,grpc-status-details-bin,traceparent,x-kumiko-revision',
    max_age: '600',
    forward_not_matching_preflights: false,
  });
}

/** A developer's own machine, on any port: the page of whoever develops an app. */
const ownMachine = 'http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?';

const grpcWebRequestHeaders = ['x-grpc-web', 'x-user-agent', 'grpc-timeout'];

/** https://connectrpc.com/docs/protocol */
const connectRequestHeaders = ['connect-protocol-version', 'connect-timeout-ms'];

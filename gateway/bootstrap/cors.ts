import type { GatewayEnvironment } from './environment.ts';
import type { GatewayMethod, Role } from './gateway-methods.ts';
import { any, type JsonObject } from './json.ts';

/** The filter's name. */
export const corsName = 'envoy.filters.http.cors';

/** The filter; its policy stands in the virtual host. */
export function cors(): JsonObject {
  return { name: corsName, typed_config: any('envoy.extensions.filters.http.cors.v3.Cors') };
}

/** Whether browser apps call this gateway. */
export function hasCors(role: Role, { corsOrigins }: GatewayEnvironment): boolean {
  return role === 'edge' && corsOrigins.length > 0;
}

/** What browser apps of the listed origins may do. */
export function corsPolicy({ corsOrigins }: GatewayEnvironment, methods: readonly GatewayMethod[]): JsonObject {
  const httpMethods = new Set(methods.flatMap(({ bindings }) => bindings.map(({ httpMethod }) => httpMethod)));
  return any('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    // Exact origins: "*" would reflect any.
    allow_origin_string_match: corsOrigins.map((exact) => ({ exact })),
    allow_methods: [...httpMethods].sort().join(','),
    allow_headers: 'authorization,content-type,traceparent',
    expose_headers: 'grpc-status,grpc-message',
    max_age: '600',
    forward_not_matching_preflights: false,
  });
}

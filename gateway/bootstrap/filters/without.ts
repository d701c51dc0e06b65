import { any, type JsonObject } from '../json.ts';

/** Takes filters out of the chain of a request that comes in on this route: Envoy makes the chain once, and does not make it anew when the route changes. */
export function without(filters: readonly string[]): JsonObject {
  return Object.fromEntries(filters.map((name) => [name, any('envoy.config.route.v3.FilterConfig', { disabled: true })]));
}

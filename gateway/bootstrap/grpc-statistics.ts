import type { GatewayMethod } from './gateway-methods.ts';
import { any, type JsonObject } from './json.ts';

/** Counts calls by service, method and gRPC status, in the clusters' statistics. Our own methods only: a caller could make up any number of names. */
export function grpcStatistics(methods: readonly GatewayMethod[]): JsonObject {
  const byService = Map.groupBy(methods, ({ desc }) => desc.parent.typeName);
  return {
    name: 'envoy.filters.http.grpc_stats',
    typed_config: any('envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', {
      individual_method_stats_allowlist: {
        services: [...byService].map(([name, group]) => ({ name, method_names: group.map(({ desc }) => desc.name) })),
      },
    }),
  };
}

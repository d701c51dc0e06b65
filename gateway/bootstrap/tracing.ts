import { otelCluster } from './clusters.ts';
import type { GatewayEnvironment } from './environment.ts';
import type { Role } from './gateway-methods.ts';
import { any, type JsonObject } from './json.ts';

/** OpenTelemetry spans of the gateway, and `traceparent` upstream, where there is a collector. */
export function tracing(role: Role, { otelCollector }: GatewayEnvironment): JsonObject {
  if (otelCollector === undefined) return {};
  return {
    tracing: {
      // Traces that the gateway starts itself; a sampled traceparent of the client is followed always.
      random_sampling: { value: otelCollector.samplingPercent ?? 10 },
      // A span for each attempt upstream, or retries would hide in one.
      spawn_upstream_span: true,
      provider: {
        name: 'envoy.tracers.opentelemetry',
        typed_config: any('envoy.config.trace.v3.OpenTelemetryConfig', {
          grpc_service: { envoy_grpc: { cluster_name: otelCluster }, timeout: '1s' },
          service_name: `kumiko-${role}-gateway`,
        }),
      },
    },
  };
}

/**
 * Spans are sent within a second, not within five: Envoy sends none when it ends, so the entrypoint lets that long pass between the last answer and the
 * end.
 */
export const tracingRuntime: JsonObject = { 'tracing.opentelemetry.flush_interval_ms': 1000 };

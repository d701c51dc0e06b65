import { otelCluster } from './clusters.ts';
import type { GatewayEnvironment } from './gateway-environment.ts';
import type { Role } from './gateway-methods.ts';
import { any, type JsonObject } from './json.ts';

/** OpenTelemetry spans of the gateway, and `traceparent` upstream, where there is a collector. */
export function tracing(role: Role, { otelCollector }: GatewayEnvironment): JsonObject {
  if (otelCollector === undefined) return {};
  return {
    tracing: {
      // Every request is handed to the sampler. What this refuses itself would lose the decision of a caller, too.
      random_sampling: { value: 100 },
      // A span for each attempt upstream, or retries would hide in one.
      spawn_upstream_span: true,
      provider: {
        name: 'envoy.tracers.opentelemetry',
        typed_config: any('envoy.config.trace.v3.OpenTelemetryConfig', {
          grpc_service: { envoy_grpc: { cluster_name: otelCluster }, timeout: '1s' },
          service_name: `kumiko-${role}-gateway`,
          sampler: sampler(otelCollector.samplingPercent ?? 10),
        }),
      },
    },
  };
}

/** The trace of every answer in a header, where the gateway traces: what it answers by itself has none of the service's. */
export function traceHeader({ otelCollector }: GatewayEnvironment): JsonObject[] {
  if (otelCollector === undefined) return [];
  return [{ header: { key: 'traceparent', value: '00-%TRACE_ID%-%SPAN_ID%-00' }, append_action: 'ADD_IF_ABSENT' }];
}

/** A caller's decision is followed always; of the traces that begin here so many are kept, by the trace's id. */
function sampler(percent: number): JsonObject {
  const type = (name: string) => `envoy.extensions.tracers.opentelemetry.samplers.v3.${name}SamplerConfig`;
  // In millionths, since a share may be small.
  const share = { numerator: Math.round(percent * 10_000), denominator: 'MILLION' };
  return {
    name: 'envoy.tracers.opentelemetry.samplers.parent_based',
    typed_config: any(type('ParentBased'), {
      wrapped_sampler: {
        name: 'envoy.tracers.opentelemetry.samplers.trace_id_ratio_based',
        typed_config: any(type('TraceIdRatioBased'), { sampling_percentage: share }),
      },
    }),
  };
}

/**
 * Spans are sent within a second, not within five: Envoy sends none when it ends, so the entrypoint lets that long pass between the last answer and the
 * end.
 */
export const tracingRuntime: JsonObject = { 'tracing.opentelemetry.flush_interval_ms': 1000 };

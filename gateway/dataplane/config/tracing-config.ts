import * as z from 'zod';
import { anyConfig, duration, uint } from './read-config.ts';

/** envoy.type.v3.Percent, as the ten-thousandths that Envoy rounds it to; all where it is absent. */
const sampling = z
  .strictObject({ value: z.number().min(0).max(100).default(0) })
  .transform(({ value }) => Math.round(value * 100))
  .default(10_000);

/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing. */
export const tracingConfig = z.strictObject({
  client_sampling: sampling,
  random_sampling: sampling,
  overall_sampling: sampling,
  spawn_upstream_span: z.boolean().optional(),
  max_path_tag_length: uint.default(256),
  provider: z.strictObject({ name: z.string(), typed_config: anyConfig }),
});
/** Parsed tracing options. */
export type TracingConfig = z.output<typeof tracingConfig>;

/** envoy.config.trace.v3.OpenTelemetryConfig, with a collector that speaks gRPC. */
export const openTelemetryConfig = z.strictObject({
  grpc_service: z.strictObject({ envoy_grpc: z.strictObject({ cluster_name: z.string().min(1) }), timeout: duration }),
  service_name: z.string().min(1).default('unknown_service:envoy'),
});
/** A parsed tracer. */
export type OpenTelemetryConfig = z.output<typeof openTelemetryConfig>;

import type { Cluster } from '../cluster.ts';
import { ConfigError, unpackAny } from '../config/read-config.ts';
import { openTelemetryConfig, type TracingConfig } from '../config/tracing-config.ts';
import type { Log } from '../filter-factory.ts';
import { SpanExporter } from './span-exporter.ts';
import { Tracer } from './tracer.ts';

/** What a tracer is opened in. */
export interface TracerContext {
  /** Of the connection manager's `tracing` in the bootstrap. */
  readonly path: string;
  /** The router's start_child_span, which counts where `tracing` does not say. */
  readonly startChildSpan: boolean;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly log: Log;
  onClose(close: () => void): void;
}

/** Opens the tracer of a connection manager. @throws ConfigError for another provider than OpenTelemetry, and for a cluster that is not there or speaks no gRPC. */
export function openTracer(config: TracingConfig, { path, startChildSpan, clusters, log, onClose }: TracerContext): Tracer {
  const at = `${path}.provider.typed_config`;
  const { grpc_service: service, service_name: serviceName } = unpackAny(
    'envoy.config.trace.v3.OpenTelemetryConfig',
    openTelemetryConfig,
    config.provider.typed_config,
    at,
  );
  const { cluster_name: name } = service.envoy_grpc;
  const cluster = clusters.get(name);
  if (cluster === undefined) throw new ConfigError(`${at}.grpc_service.envoy_grpc.cluster_name: there is no cluster ${name}`);
  if (cluster.protocol !== 'HTTP/2')
    throw new ConfigError(`${at}.grpc_service.envoy_grpc.cluster_name: ${name} has to speak HTTP/2, which gRPC needs`);
  const exporter = new SpanExporter({ cluster, timeoutMs: service.timeout, serviceName, log });
  onClose(() => exporter.close());
  return new Tracer({ config, spansUpstream: config.spawn_upstream_span ?? startChildSpan, exporter });
}

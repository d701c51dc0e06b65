import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

/** The metrics that this process measures. */
export interface MetricRecorder {
  /** A metric as an export of this moment tells it; undefined where nothing was measured. */
  told(name: string): Promise<MetricData | undefined>;
  close(): Promise<void>;
}

/** Records metrics as a service makes them, and tells those that are asked for. */
export function recordMetrics(): MetricRecorder {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return {
    async told(name) {
      exporter.reset();
      await reader.forceFlush();
      const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
      return all.find(({ descriptor }) => descriptor.name === name);
    },
    async close() {
      await reader.shutdown();
      metrics.disable();
    },
  };
}

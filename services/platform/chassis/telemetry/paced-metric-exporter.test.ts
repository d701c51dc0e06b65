import { type InstrumentType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { PacedMetricExporter } from './paced-metric-exporter.ts';

/** Collects when it is told to, by what the exporter asks for. */
class TestReader extends MetricReader {
  constructor(exporter: PacedMetricExporter) {
    super({ aggregationTemporalitySelector: (type: InstrumentType) => exporter.selectAggregationTemporality(type) });
  }
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  /** The values of each series, by its attribute "state". */
  async values(): Promise<Record<string, unknown>> {
    const { resourceMetrics } = await this.collect();
    const points = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(({ dataPoints }) => [...dataPoints]));
    return Object.fromEntries(points.map(({ attributes, value }) => [String(attributes['state']), value]));
  }
}

test('a state that nothing is in any more is told no more, and a count goes on', async () => {
  const reader = new TestReader(new PacedMetricExporter({}, 60_000));
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  let state = 'idle';
  meter.createObservableGauge('channels').addCallback((result) => result.observe(1, { state }));
  const calls = meter.createCounter('calls');
  calls.add(1, { state: 'counted' });
  expect(await reader.values()).toEqual({ idle: 1, counted: 1 });
  state = 'ready';
  calls.add(1, { state: 'counted' });
  expect(await reader.values()).toEqual({ ready: 1, counted: 2 });
});

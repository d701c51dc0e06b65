import { monitorEventLoopDelay } from 'node:perf_hooks';
import { metrics, ValueType } from '@opentelemetry/api';

/** Between two looks: each wakes the thread. */
const resolutionMs = 100;

const quantiles = [50, 90, 99] as const;

/**
 * Measures how late the event loop is (https://opentelemetry.io/docs/specs/semconv/runtime/nodejs-metrics/). Not the longest delay, which on Cloud Run
 * is the time without a request. Returns what ends it.
 */
export function observeProcess(): () => void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const meter = metrics.getMeter('kumiko');
  const gauges = quantiles.map((quantile) => ({
    quantile,
    gauge: meter.createObservableGauge(`nodejs.eventloop.delay.p${quantile}`, { unit: 's', valueType: ValueType.DOUBLE }),
  }));
  const memory = meter.createObservableGauge('process.memory.usage', { unit: 'By', valueType: ValueType.INT });
  meter.addBatchObservableCallback(
    (result) => {
      if (delay.count > 0) for (const { quantile, gauge } of gauges) result.observe(gauge, delay.percentile(quantile) / 1e9);
      delay.reset();
      result.observe(memory, process.memoryUsage.rss());
    },
    [...gauges.map(({ gauge }) => gauge), memory],
  );
  return () => delay.disable();
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { instruments, meter, observableGaugeOf } from '../../contracts/instruments.ts';
import { channelStates } from '../../contracts/open-channels.ts';

/** Between two looks: each wakes the thread. */
const resolutionMs = 100;

const quantiles = [
  { quantile: 50, instrument: instruments.eventLoopDelayP50 },
  { quantile: 90, instrument: instruments.eventLoopDelayP90 },
  { quantile: 99, instrument: instruments.eventLoopDelayP99 },
];

/**
 * Measures how late the event loop is, the memory, and the channels to other services. Not the longest delay of the loop, which on Cloud Run is the time
 * without a request. To be called when the SDK has been started. Returns what ends it.
 */
export function observeProcess(): () => void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const gauges = quantiles.map(({ quantile, instrument }) => ({ quantile, gauge: observableGaugeOf(instrument) }));
  const memory = observableGaugeOf(instruments.memory);
  const channels = observableGaugeOf(instruments.clientChannels);
  meter().addBatchObservableCallback(
    (result) => {
      if (delay.count > 0) for (const { quantile, gauge } of gauges) result.observe(gauge, delay.percentile(quantile) / 1e9);
      delay.reset();
      result.observe(memory, process.memoryUsage.rss());
      for (const [state, count] of channelStates()) result.observe(channels, count, { state });
    },
    [...gauges.map(({ gauge }) => gauge), memory, channels],
  );
  return () => delay.disable();
}

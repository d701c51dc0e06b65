import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { AggregationTemporality, InstrumentType, type PushMetricExporter } from '@opentelemetry/sdk-metrics';

/** Cloud Monitoring refuses points of a series that come faster (https://docs.cloud.google.com/monitoring/quotas#custom_metrics_quotas). */
const leastDistanceMs = 10_000;

const gauges: readonly InstrumentType[] = [InstrumentType.GAUGE, InstrumentType.OBSERVABLE_GAUGE];

type Export = PushMetricExporter['export'];
type Config = ConstructorParameters<typeof OTLPMetricExporter>[0];

/**
 * OpenTelemetry's exporter, which leaves an export out where another was a moment ago: the end of the process may come at any time, and what its last export
 * would have told is at most some seconds of it.
 */
export class PacedMetricExporter extends OTLPMetricExporter {
  readonly #distanceMs: number;
  #exportedAt = Number.NEGATIVE_INFINITY;

  constructor(config: Config, intervalMs: number) {
    super(config);
    this.#distanceMs = Math.min(leastDistanceMs, intervalMs / 2);
  }

  override export(...[metrics, done]: Parameters<Export>): void {
    const now = performance.now();
    if (now - this.#exportedAt < this.#distanceMs) {
      done({ code: 0 });
      return;
    }
    this.#exportedAt = now;
    super.export(metrics, done);
  }

  /**
   * A gauge is told once where it was measured: what an instance has seen of an outbox is no longer true when another has emptied it, and no channel need be in
   * a state that one was in before.
   */
  override selectAggregationTemporality(type: InstrumentType): AggregationTemporality {
    return gauges.includes(type) ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
  }
}

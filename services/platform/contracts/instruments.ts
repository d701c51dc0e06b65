import { type Gauge, type Histogram, type Meter, type MetricOptions, metrics, type ObservableGauge, ValueType } from '@opentelemetry/api';

/** What a service measures. */
export interface Instrument extends MetricOptions {
  /** OpenTelemetry's where there is a convention, and else "kumiko.…". */
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  /** By what its values are told apart. Each combination is a time series that costs. */
  readonly attributes: readonly string[];
}

/** In seconds: https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/#metric-rpcservercallduration. */
const callBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** In seconds, up to a day: an event may wait through many attempts. */
const lagBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400];

/**
 * Every instrument of a service, once: whoever measures makes it of this list, alerts and dashboards name metrics by it, and docs/reference/observability.md
 * is held to it by a test.
 */
export const instruments = {
  callDuration: {
    name: 'rpc.server.call.duration',
    unit: 's',
    description: 'Measures the duration of an incoming Remote Procedure Call (RPC).',
    attributes: ['rpc.system.name', 'rpc.method', 'rpc.response.status_code', 'error.type'],
    advice: { explicitBucketBoundaries: callBoundaries },
  },
  outboxEvents: {
    name: 'kumiko.outbox.events',
    unit: '{event}',
    description: 'Events that are stored and not published, counted up to 10,000.',
    attributes: [],
  },
  outboxLag: {
    name: 'kumiko.outbox.lag',
    unit: 's',
    description: 'The age of the oldest event that is stored and not published.',
    attributes: [],
  },
  inboxLag: {
    name: 'kumiko.inbox.lag',
    unit: 's',
    description: 'The time from the publication of an event until a subscriber has handled it.',
    attributes: ['rpc.method'],
    advice: { explicitBucketBoundaries: lagBoundaries },
  },
  databaseConcurrency: {
    name: 'kumiko.database.concurrency',
    unit: '{operation}',
    description: 'The most reads and transactions that were under way at one time since the last export.',
    attributes: [],
    valueType: ValueType.INT,
  },
  clientChannels: {
    name: 'kumiko.client.channels',
    unit: '{channel}',
    description: 'gRPC channels to other services, by state.',
    attributes: ['state'],
    valueType: ValueType.INT,
  },
  eventLoopDelayP50: eventLoopDelay(50),
  eventLoopDelayP90: eventLoopDelay(90),
  eventLoopDelayP99: eventLoopDelay(99),
  memory: {
    name: 'process.memory.usage',
    unit: 'By',
    description: 'Resident bytes.',
    attributes: [],
    valueType: ValueType.INT,
  },
} as const satisfies Readonly<Record<string, Instrument>>;

/** https://opentelemetry.io/docs/specs/semconv/runtime/nodejs-metrics/ */
function eventLoopDelay<const Q extends number>(quantile: Q) {
  return {
    name: `nodejs.eventloop.delay.p${quantile}`,
    unit: 's',
    description: `Event loop ${quantile} percentile delay since the last export.`,
    attributes: [],
    valueType: ValueType.DOUBLE,
  } as const satisfies Instrument;
}

/** The meter of all of them. To be asked for when the SDK has been started: the API's meters do not change to one that comes later. */
export function meter(): Meter {
  return metrics.getMeter('kumiko');
}

/** As `meter`: when the SDK has been started. */
export function histogramOf(instrument: Instrument): Histogram {
  return meter().createHistogram(instrument.name, instrument);
}

/** As `meter`: when the SDK has been started. */
export function gaugeOf(instrument: Instrument): Gauge {
  return meter().createGauge(instrument.name, instrument);
}

/** As `meter`: when the SDK has been started. */
export function observableGaugeOf(instrument: Instrument): ObservableGauge {
  return meter().createObservableGauge(instrument.name, instrument);
}

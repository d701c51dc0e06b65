import * as gcp from '@pulumi/gcp';
import type { Resource } from '@pulumi/pulumi';
import type { Context } from './context.ts';

// What our own log lines say, as metrics: docs/decisions/0009-metrics-from-log-lines.md. A field that is renamed there is to be renamed here; the
// tests hold these filters against lines of the code that writes them.

/** A metric made of log lines. */
interface LogMetric {
  readonly description: string;
  /** https://docs.cloud.google.com/logging/docs/view/logging-query-language */
  readonly filter: string;
  /** Labels, by the field of the line that each is taken from. Each combination of their values is a time series that costs. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The field whose values are distributed over buckets. Without one lines are counted. */
  readonly value?: { readonly field: string; readonly unit: string; readonly buckets: Buckets };
}

type Buckets = gcp.types.input.logging.MetricBucketOptionsExponentialBuckets;

const run = 'resource.type="cloud_run_revision"';
/** Of Envoy's own log, which is text; the access log beside it is JSON. */
const gatewayText = (text: string) => `${run} AND resource.labels.service_name=~"-gateway$" AND textPayload:"${text}"`;

/** The line that every call leaves, sampled or not. The access log of the gateways has a duration too, and no method. */
const call = `${run} AND jsonPayload.method:* AND jsonPayload.durationMs>=0`;
const callLabels = { service: 'jsonPayload.service', method: 'jsonPayload.method', code: 'jsonPayload.code' };

/** The line of each owner's relay, every minute. */
const relay = `${run} AND jsonPayload.outboxLagSeconds>=0`;
const owner = { service: 'jsonPayload.service' };

const metrics = {
  calls: { description: 'Calls of a method: rate and errors', filter: call, labels: callLabels },
  call_duration: {
    description: 'How long calls of a method took',
    filter: call,
    labels: callLabels,
    // From 1 ms to 3 minutes, each half as long again as the one before.
    value: { field: 'jsonPayload.durationMs', unit: 'ms', buckets: { scale: 1, growthFactor: 1.5, numFiniteBuckets: 30 } },
  },
  outbox_lag: {
    description: "For how long the oldest event in an owner's outbox waits to be published",
    filter: relay,
    labels: owner,
    // From a second to more than a day, close together: an alert is on it, which is as exact as they are.
    value: { field: 'jsonPayload.outboxLagSeconds', unit: 's', buckets: { scale: 1, growthFactor: 1.2, numFiniteBuckets: 64 } },
  },
  outbox_rows: {
    description: "Events that wait in an owner's outbox, counted up to 10,000",
    filter: relay,
    labels: owner,
    value: { field: 'jsonPayload.outboxRows', unit: '1', buckets: { scale: 1, growthFactor: 2, numFiniteBuckets: 14 } },
  },
  webhook_refusals: {
    description: 'Signed webhooks that were not understood: kept without effect, or no events at all',
    filter: `${run} AND jsonPayload.webhookRefusal:*`,
    labels: { provider: 'jsonPayload.provider' },
  },
  preview_refusals: {
    description: 'Previews that a gateway refuses, or that no gateway is told of; listings that are not believed',
    filter: `${run} AND resource.labels.service_name="control-plane" AND severity>=ERROR`,
  },
  token_refreshes: {
    description: 'Tokens of its own that a gateway has got from the metadata server',
    filter: gatewayText('metadata-token: got the '),
  },
  token_failures: {
    description: 'Times that the metadata server gave a gateway no token',
    filter: gatewayText('metadata-token: the metadata server gave no '),
  },
} as const satisfies Record<string, LogMetric>;

/** The name that Cloud Monitoring knows a metric by. */
export function logMetricType(name: keyof typeof metrics): string {
  return `logging.googleapis.com/user/${fullName(name)}`;
}

/** Creates the metrics that are made of our log lines. Returns them for what has to wait until they are there. */
export function createLogMetrics({ environment: { project }, options }: Context): readonly Resource[] {
  return Object.entries<LogMetric>(metrics).map(([name, { description, filter, labels = {}, value }]) => {
    const extracted = Object.entries(labels);
    return new gcp.logging.Metric(
      `log-metric-${name}`,
      {
        project,
        name: fullName(name),
        description,
        filter,
        metricDescriptor: {
          metricKind: 'DELTA',
          valueType: value === undefined ? 'INT64' : 'DISTRIBUTION',
          unit: value?.unit ?? '1',
          labels: extracted.map(([key]) => ({ key, valueType: 'STRING' })),
        },
        labelExtractors: Object.fromEntries(extracted.map(([key, field]) => [key, `EXTRACT(${field})`])),
        ...(value && { valueExtractor: `EXTRACT(${value.field})`, bucketOptions: { exponentialBuckets: value.buckets } }),
      },
      options,
    );
  });
}

function fullName(name: string): string {
  return `kumiko/${name}`;
}

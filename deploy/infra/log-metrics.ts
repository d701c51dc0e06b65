import * as gcp from '@pulumi/gcp';
import type { Resource } from '@pulumi/pulumi';
import type { Context } from './context.ts';

// Rare refusals, counted from the log lines that tell them: docs/decisions/0009-metrics-from-log-lines.md. A field that is renamed there is to be renamed here;
// the tests hold these filters against lines of the code that writes them.

/** A metric made of log lines. */
interface LogMetric {
  readonly description: string;
  /** https://docs.cloud.google.com/logging/docs/view/logging-query-language */
  readonly filter: string;
  /** Labels, by the field of the line that each is taken from. Each combination of their values is a time series that costs. */
  readonly labels?: Readonly<Record<string, string>>;
}

const run = 'resource.type="cloud_run_revision"';

const metrics = {
  webhook_refusals: {
    description: 'Signed webhooks that were not understood: kept without effect, or no events at all',
    filter: `${run} AND jsonPayload.webhookRefusal:*`,
    labels: { provider: 'jsonPayload.provider' },
  },
  preview_refusals: {
    description: 'Previews that a gateway refuses, or that no gateway is told of; listings that are not believed',
    filter: `${run} AND resource.labels.service_name="control-plane" AND severity>=ERROR`,
  },
  token_failures: {
    description: 'Times that the metadata server gave a gateway no token',
    // Of Envoy's own log, which is text; the access log beside it is JSON.
    filter: `${run} AND resource.labels.service_name=~"-gateway$" AND textPayload:"metadata-token: the metadata server gave no "`,
  },
} as const satisfies Record<string, LogMetric>;

/** The name that Cloud Monitoring knows a metric by. */
export function logMetricType(name: keyof typeof metrics): string {
  return `logging.googleapis.com/user/${fullName(name)}`;
}

/** Creates the metrics that are made of our log lines. Returns them for what has to wait until they are there. */
export function createLogMetrics({ environment: { project }, options }: Context): readonly Resource[] {
  return Object.entries<LogMetric>(metrics).map(([name, { description, filter, labels = {} }]) => {
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
          valueType: 'INT64',
          unit: '1',
          labels: extracted.map(([key]) => ({ key, valueType: 'STRING' })),
        },
        labelExtractors: Object.fromEntries(extracted.map(([key, field]) => [key, `EXTRACT(${field})`])),
      },
      options,
    );
  });
}

function fullName(name: string): string {
  return `kumiko/${name}`;
}

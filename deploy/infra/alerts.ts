import type * as gcp from '@pulumi/gcp';
import { instruments } from '../../services/platform/contracts/instruments.ts';
import { services } from '../../services/platform/contracts/services.ts';
import { listTriggers } from '../../services/platform/contracts/triggers.ts';
import { logMetricType } from './log-metrics.ts';
import { labelOf, seriesOf } from './own-metrics.ts';

/** Every subscription that delivers events. */
const subscriptions = listTriggers().flatMap(({ kind, resourceId }) => (kind === 'subscription' ? [resourceId] : []));

/** An alert: what is measured, and from where on somebody is told. Its section in docs/guides/operations.md has the title as heading. */
interface Alert {
  readonly id: string;
  readonly title: string;
  readonly condition: gcp.types.input.monitoring.AlertPolicyCondition;
}

/** A google.protobuf.Duration in JSON. */
export const minutes = (count: number) => `${count * 60}s`;

const run = 'resource.type = "cloud_run_revision"';

const byMethod = `job, ${labelOf(instruments.callDuration, 'rpc.method')}`;
const allCalls = seriesOf(instruments.callDuration, { part: 'count' });
/** `error.type` is there where the service is at fault; every other code is part of a normal day. */
const failedCalls = seriesOf(instruments.callDuration, { part: 'count', where: { 'error.type': '!=""' } });

/** The services whose relay tells every minute what is left. */
const publishers = services.filter(({ publishes }) => publishes.length > 0).map(({ name }) => name);

/** Whatever somebody is told of. */
export const alerts: readonly Alert[] = [
  {
    id: 'errors',
    title: 'Requests fail',
    // 5xx at the edge gateway, as a part of all.
    condition: {
      displayName: 'More than 1 % of requests at the edge gateway answered with 5xx for 5 minutes',
      conditionThreshold: {
        filter: `${run} AND resource.labels.service_name = "edge-gateway" AND metric.type = "run.googleapis.com/request_count" AND metric.labels.response_code_class = "5xx"`,
        denominatorFilter: `${run} AND resource.labels.service_name = "edge-gateway" AND metric.type = "run.googleapis.com/request_count"`,
        aggregations: [{ alignmentPeriod: minutes(5), perSeriesAligner: 'ALIGN_RATE', crossSeriesReducer: 'REDUCE_SUM' }],
        denominatorAggregations: [{ alignmentPeriod: minutes(5), perSeriesAligner: 'ALIGN_RATE', crossSeriesReducer: 'REDUCE_SUM' }],
        comparison: 'COMPARISON_GT',
        thresholdValue: 0.01,
        duration: minutes(5),
      },
    },
  },
  {
    id: 'methods',
    title: 'A method fails',
    // Behind the edge too: what events, tasks and schedules call.
    condition: whenever(
      'More than 5 % of the calls of a method failed for 10 minutes',
      `sum by (${byMethod}) (rate(${failedCalls}[5m])) / sum by (${byMethod}) (rate(${allCalls}[5m])) > 0.05`,
      10,
    ),
  },
  {
    id: 'latency',
    title: 'Requests are slow',
    condition: above(
      'The median at the edge gateway above 500 ms for 10 minutes',
      // The median: streams last for minutes by design, and a higher percentile would be theirs.
      `${run} AND resource.labels.service_name = "edge-gateway" AND metric.type = "run.googleapis.com/request_latencies"`,
      { alignmentPeriod: minutes(5), perSeriesAligner: 'ALIGN_PERCENTILE_50', crossSeriesReducer: 'REDUCE_MAX' },
      500,
      10,
    ),
  },
  {
    id: 'instances',
    title: 'Instances run out',
    condition: above(
      'More than 10 requests of a service wait for an instance, for 10 minutes',
      `${run} AND metric.type = "run.googleapis.com/pending_queue/pending_requests"`,
      {
        alignmentPeriod: minutes(5),
        perSeriesAligner: 'ALIGN_MAX',
        crossSeriesReducer: 'REDUCE_MAX',
        groupByFields: ['resource.labels.service_name'],
      },
      10,
      10,
    ),
  },
  {
    id: 'outbox',
    title: 'An outbox is behind',
    condition: whenever(
      'The oldest event of an outbox waits for more than 3 minutes, for 5 minutes',
      // The relay runs every minute, on any instance: whatever is older has failed more than once.
      `max by (job) (max_over_time(${seriesOf(instruments.outboxLag)}[2m])) > 180`,
      5,
    ),
  },
  {
    id: 'metrics',
    title: 'Services say nothing',
    // The alerts on what services measure would be silent too.
    condition: whenever(
      'A service whose relay runs every minute has sent no metrics for 15 minutes',
      publishers.map((name) => `absent_over_time(${seriesOf(instruments.outboxLag, { job: `="${name}"` })}[15m])`).join(' or '),
      0,
    ),
  },
  {
    id: 'dead-letters',
    title: 'Events are in a dead letter topic',
    condition: above(
      'A dead letter subscription holds a message',
      'resource.type = "pubsub_subscription" AND resource.labels.subscription_id = monitoring.regex.full_match(".*-dead-letter") AND metric.type = "pubsub.googleapis.com/subscription/num_undelivered_messages"',
      {
        alignmentPeriod: minutes(1),
        perSeriesAligner: 'ALIGN_MAX',
        crossSeriesReducer: 'REDUCE_MAX',
        groupByFields: ['resource.labels.subscription_id'],
      },
      0,
      0,
    ),
  },
  {
    id: 'webhooks',
    title: 'Webhooks are not understood',
    condition: above(
      'A signed webhook was refused for what it says',
      `${run} AND metric.type = "${logMetricType('webhook_refusals')}"`,
      {
        alignmentPeriod: minutes(5),
        perSeriesAligner: 'ALIGN_DELTA',
        crossSeriesReducer: 'REDUCE_SUM',
        groupByFields: ['metric.labels.provider'],
      },
      0,
      0,
    ),
  },
  {
    id: 'previews',
    title: 'A preview is not served',
    condition: above(
      'The control plane has told of a preview that a gateway refuses, or of a listing that it does not believe',
      `${run} AND metric.type = "${logMetricType('preview_refusals')}"`,
      { alignmentPeriod: minutes(5), perSeriesAligner: 'ALIGN_DELTA', crossSeriesReducer: 'REDUCE_SUM' },
      0,
      0,
    ),
  },
  {
    id: 'events-late',
    title: 'Events are late',
    condition: above(
      'The oldest event of a subscription waits for more than 5 minutes',
      `resource.type = "pubsub_subscription" AND resource.labels.subscription_id = monitoring.regex.full_match("(${subscriptions.join('|')})") AND metric.type = "pubsub.googleapis.com/subscription/oldest_unacked_message_age"`,
      {
        alignmentPeriod: minutes(1),
        perSeriesAligner: 'ALIGN_MAX',
        crossSeriesReducer: 'REDUCE_MAX',
        groupByFields: ['resource.labels.subscription_id'],
      },
      300,
      5,
    ),
  },
  {
    id: 'tokens',
    title: 'A gateway gets no token',
    condition: above(
      'The metadata server gave a gateway no token more than 10 times within 5 minutes',
      // One that fails is asked for again within a second, and the old one serves meanwhile.
      `${run} AND metric.type = "${logMetricType('token_failures')}"`,
      {
        alignmentPeriod: minutes(5),
        perSeriesAligner: 'ALIGN_DELTA',
        crossSeriesReducer: 'REDUCE_SUM',
        groupByFields: ['resource.labels.service_name'],
      },
      10,
      0,
    ),
  },
  {
    id: 'tasks',
    title: 'Tasks fail',
    condition: above(
      'More than one attempt in a second of a queue failed for 10 minutes',
      'resource.type = "cloud_tasks_queue" AND metric.type = "cloudtasks.googleapis.com/queue/task_attempt_count" AND metric.labels.response_code != "200"',
      {
        alignmentPeriod: minutes(5),
        perSeriesAligner: 'ALIGN_RATE',
        crossSeriesReducer: 'REDUCE_SUM',
        groupByFields: ['resource.labels.queue_id'],
      },
      1,
      10,
    ),
  },
  {
    id: 'schedules',
    title: 'A scheduled job fails',
    condition: {
      displayName: 'Cloud Scheduler logged an error',
      conditionMatchedLog: {
        filter: 'resource.type="cloud_scheduler_job" AND severity>=ERROR',
        labelExtractors: { job: 'EXTRACT(resource.labels.job_id)' },
      },
    },
  },
  {
    id: 'database',
    title: 'The database is busy',
    // Google's own advice for a regional instance: https://docs.cloud.google.com/spanner/docs/cpu-utilization
    condition: above(
      'High priority CPU above 65 % for 10 minutes',
      'resource.type = "spanner_instance" AND metric.type = "spanner.googleapis.com/instance/cpu/utilization_by_priority" AND metric.labels.priority = "high"',
      { alignmentPeriod: minutes(5), perSeriesAligner: 'ALIGN_MEAN', crossSeriesReducer: 'REDUCE_SUM' },
      0.65,
      10,
    ),
  },
  {
    id: 'egress',
    title: 'Third parties cannot be reached',
    condition: above(
      'Cloud NAT dropped packets for want of ports for 5 minutes',
      'resource.type = "nat_gateway" AND metric.type = "router.googleapis.com/nat/dropped_sent_packets_count" AND metric.labels.reason = "OUT_OF_RESOURCES"',
      { alignmentPeriod: minutes(5), perSeriesAligner: 'ALIGN_RATE', crossSeriesReducer: 'REDUCE_SUM' },
      0,
      5,
    ),
  },
];

/** What services measure themselves, as long as the PromQL expression has a value, for some minutes. */
function whenever(displayName: string, query: string, forMinutes: number): gcp.types.input.monitoring.AlertPolicyCondition {
  return {
    displayName,
    conditionPrometheusQueryLanguage: {
      query,
      duration: minutes(forMinutes),
      evaluationInterval: minutes(1),
      // A metric exists from its first value on, which comes with the first release; policies are there before.
      disableMetricValidation: true,
    },
  };
}

/** A metric above a value, for some minutes. */
function above(
  displayName: string,
  filter: string,
  aggregation: gcp.types.input.monitoring.AlertPolicyConditionConditionThresholdAggregation,
  thresholdValue: number,
  forMinutes: number,
): gcp.types.input.monitoring.AlertPolicyCondition {
  return {
    displayName,
    conditionThreshold: { filter, aggregations: [aggregation], comparison: 'COMPARISON_GT', thresholdValue, duration: minutes(forMinutes) },
  };
}

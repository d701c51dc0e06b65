import { audienceOf, serviceAccountEmail, triggerPrincipal } from '../../../services/platform/contracts/identities.ts';
import { eventTopics } from '../../../services/platform/contracts/services.ts';
import {
  listTriggers,
  type QueueTrigger,
  type ScheduleTrigger,
  type SubscriptionTrigger,
  type Trigger,
} from '../../../services/platform/contracts/triggers.ts';
import { fromMs } from '../cloud/google-api/protobuf-time.ts';
import type { Subscription } from '../cloud/pubsub/resources.ts';
import type { PubsubServer } from '../cloud/pubsub/start-pubsub.ts';
import { defaultRetry, type JobSpec } from '../cloud/scheduler/job.ts';
import type { SchedulerServer } from '../cloud/scheduler/start-scheduler.ts';
import type { TasksServer } from '../cloud/tasks/start-tasks.ts';

/** Where the triggers of the protos are set up, and where they point. */
interface TopologyOptions {
  readonly pubsub: PubsubServer;
  readonly tasks: TasksServer;
  readonly scheduler: SchedulerServer;
  readonly project: string;
  readonly location: string;
  /** Such as "http://127.0.0.1:8082", without a slash at its end. */
  readonly jobsGatewayUrl: string;
  /** Default: those of our protos. */
  readonly triggers?: readonly Trigger[];
}

// The gateway's limit is the deadline and a second; whoever waits for the gateway waits a little longer.
const graceMs = 5_000;

/**
 * Creates or brings up to date the topics, dead letter topics with a pull subscription each, push subscriptions, queues and scheduler jobs
 * that the protos declare. Stored messages, tasks and pauses stay; endpoints follow `jobsGatewayUrl`.
 *
 * @throws ApiError INVALID_ARGUMENT where a stored subscription has another topic: the state is from other protos.
 */
export function ensureTopology(options: TopologyOptions): void {
  const triggers = options.triggers ?? listTriggers();
  const subscriptions = triggers.filter((trigger) => trigger.kind === 'subscription');
  const topics = new Set([...eventTopics, ...subscriptions.flatMap(({ topic, deadLetterTopic }) => [topic, deadLetterTopic])]);
  for (const topic of topics) ensureTopic(options, topic);
  for (const { deadLetterTopic } of subscriptions) ensureSubscription(options, deadLetterSubscription(options.project, deadLetterTopic));
  for (const trigger of subscriptions) ensureSubscription(options, pushSubscription(options, trigger));
  for (const trigger of triggers) {
    if (trigger.kind === 'queue') options.tasks.queues.updateQueue(queueOf(options, trigger));
    if (trigger.kind === 'schedule') options.scheduler.jobs.put(jobOf(options, trigger));
  }
}

function ensureTopic({ pubsub: { broker }, project }: TopologyOptions, id: string): void {
  const name = `projects/${project}/topics/${id}`;
  if (!broker.topics().some((topic) => topic.name === name)) broker.createTopic({ name, labels: {} });
}

function ensureSubscription({ pubsub: { broker } }: TopologyOptions, subscription: Subscription): void {
  const exists = broker.subscribers().some(({ spec }) => spec.name === subscription.name);
  if (exists) broker.updateSubscription(subscription);
  else broker.createSubscription(subscription);
}

function pushSubscription({ project, jobsGatewayUrl }: TopologyOptions, trigger: SubscriptionTrigger): Subscription {
  return {
    ...pullSubscription(project, trigger.resourceId, trigger.topic),
    pushConfig: { pushEndpoint: `${jobsGatewayUrl}${trigger.path}`, oidcToken: oidcToken('subscription', project) },
    ackDeadlineSeconds: Math.min(600, Math.max(10, Math.ceil((trigger.deadlineMs + graceMs) / 1000))),
    enableMessageOrdering: true,
    deadLetterPolicy: {
      deadLetterTopic: `projects/${project}/topics/${trigger.deadLetterTopic}`,
      maxDeliveryAttempts: trigger.maxDeliveryAttempts,
    },
    retryPolicy: { minimumBackoff: fromMs(trigger.minBackoffMs), maximumBackoff: fromMs(trigger.maxBackoffMs) },
  };
}

// Without a subscription what is published to a dead letter topic would be gone. It has the topic's name.
function deadLetterSubscription(project: string, deadLetterTopic: string): Subscription {
  return pullSubscription(project, deadLetterTopic, deadLetterTopic);
}

/** A subscription that is pulled, without options. */
export function pullSubscription(project: string, id: string, topic: string): Subscription {
  return {
    name: `projects/${project}/subscriptions/${id}`,
    topic: `projects/${project}/topics/${topic}`,
    pushConfig: null,
    ackDeadlineSeconds: 10,
    messageRetentionDuration: null,
    labels: {},
    enableMessageOrdering: false,
    filter: '',
    deadLetterPolicy: null,
    retryPolicy: null,
  };
}

function queueOf({ project, location }: TopologyOptions, trigger: QueueTrigger) {
  return {
    name: `projects/${project}/locations/${location}/queues/${trigger.resourceId}`,
    rateLimits: { maxDispatchesPerSecond: trigger.maxDispatchesPerSecond, maxConcurrentDispatches: trigger.maxConcurrentDispatches },
    retryConfig: {
      maxAttempts: trigger.maxAttempts,
      maxRetryDuration: null,
      minBackoff: fromMs(trigger.minBackoffMs),
      maxBackoff: fromMs(trigger.maxBackoffMs),
      maxDoublings: 0,
    },
  };
}

function jobOf({ project, location, jobsGatewayUrl }: TopologyOptions, trigger: ScheduleTrigger): JobSpec {
  return {
    name: `projects/${project}/locations/${location}/jobs/${trigger.resourceId}`,
    schedule: trigger.cron,
    timeZone: trigger.timeZone,
    uri: `${jobsGatewayUrl}${trigger.path}`,
    headers: { 'content-type': 'application/json' },
    body: '{}',
    oidcToken: oidcToken('schedule', project),
    attemptDeadlineMs: Math.min(30 * 60_000, Math.max(15_000, trigger.deadlineMs + graceMs)),
    retry: defaultRetry,
  };
}

function oidcToken(kind: Trigger['kind'], project: string) {
  return { serviceAccountEmail: serviceAccountEmail(triggerPrincipal[kind], project), audience: audienceOf('jobs', project) };
}

import * as gcp from '@pulumi/gcp';
import { audienceOf, triggerPrincipal } from '../../services/platform/contracts/identities.ts';
import { eventTopics, services } from '../../services/platform/contracts/services.ts';
import { listTriggers, type SubscriptionTrigger } from '../../services/platform/contracts/triggers.ts';
import { serviceUrl } from '../environments/addresses.ts';
import type { Context } from './context.ts';
import { accountOf, memberOf, type ServiceAccounts, serviceAgent } from './service-accounts.ts';

/** What is not delivered, and what is in a dead letter topic, is kept this long: the longest that Pub/Sub allows for subscriptions is 31 days. */
const retention = `${7 * 24 * 3600}s`;

/** The gateway's limit is the deadline and a second; Pub/Sub waits a little longer. It takes 10 s to 600 s. */
const graceMs = 5_000;

/** Creates the topics, the push subscriptions and their dead letters. */
export function createEventBus(context: Context, accounts: ServiceAccounts): void {
  const { environment, options } = context;
  const { project, projectNumber } = environment;
  const topics = new Map(
    eventTopics.map((name) => [name, new gcp.pubsub.Topic(name, { project, name, messageRetentionDuration: retention }, options)]),
  );
  for (const { name: publisher, publishes } of services) {
    for (const name of publishes) {
      const binding = { project, topic: topics.get(name)!.name, role: 'roles/pubsub.publisher', member: memberOf(accounts, publisher) };
      new gcp.pubsub.TopicIAMMember(`${publisher}-publishes-${name}`, binding);
    }
  }
  new gcp.serviceaccount.IAMMember('pubsub-signs-as-pubsub', {
    serviceAccountId: accountOf(accounts, triggerPrincipal.subscription).name,
    role: 'roles/iam.serviceAccountTokenCreator',
    member: serviceAgent('gcp-sa-pubsub', projectNumber),
  });
  for (const trigger of listTriggers()) {
    if (trigger.kind === 'subscription') createSubscription(context, accounts, topics.get(trigger.topic)!, trigger);
  }
}

function createSubscription(
  { environment, options }: Context,
  accounts: ServiceAccounts,
  topic: gcp.pubsub.Topic,
  trigger: SubscriptionTrigger,
): void {
  const { project, projectNumber } = environment;
  const { deadLetterTopic, resourceId } = trigger;
  const deadLetters = new gcp.pubsub.Topic(
    deadLetterTopic,
    { project, name: deadLetterTopic, messageRetentionDuration: retention },
    options,
  );
  // Without a subscription, what is published to a topic is gone. It has the topic's name.
  const kept = new gcp.pubsub.Subscription(deadLetterTopic, {
    project,
    name: deadLetterTopic,
    topic: deadLetters.id,
    messageRetentionDuration: retention,
    expirationPolicy: { ttl: '' },
  });
  const subscription = new gcp.pubsub.Subscription(resourceId, {
    project,
    name: resourceId,
    topic: topic.id,
    pushConfig: {
      pushEndpoint: `${serviceUrl('jobs-gateway', environment)}${trigger.path}`,
      oidcToken: { serviceAccountEmail: accountOf(accounts, triggerPrincipal.subscription).email, audience: audienceOf('jobs', project) },
    },
    ackDeadlineSeconds: Math.min(600, Math.max(10, Math.ceil((trigger.deadlineMs + graceMs) / 1000))),
    enableMessageOrdering: true,
    messageRetentionDuration: retention,
    // Never: by default a subscription without deliveries for a month is deleted.
    expirationPolicy: { ttl: '' },
    deadLetterPolicy: { deadLetterTopic: deadLetters.id, maxDeliveryAttempts: trigger.maxDeliveryAttempts },
    retryPolicy: { minimumBackoff: seconds(trigger.minBackoffMs), maximumBackoff: seconds(trigger.maxBackoffMs) },
  });
  // Whoever takes the events in lists dead letters and publishes them again, for operators.
  const replayer = trigger.method.workload;
  const member = memberOf(accounts, replayer);
  const reads = { project, subscription: kept.name, role: 'roles/pubsub.subscriber', member };
  new gcp.pubsub.SubscriptionIAMMember(`${replayer}-reads-${deadLetterTopic}`, reads);
  const replays = { project, topic: topic.name, role: 'roles/pubsub.publisher', member };
  new gcp.pubsub.TopicIAMMember(`${replayer}-replays-${trigger.topic}`, replays);
  // Pub/Sub itself moves a message: it publishes there and acknowledges here.
  const agent = serviceAgent('gcp-sa-pubsub', projectNumber);
  const publishes = { project, topic: deadLetters.name, role: 'roles/pubsub.publisher', member: agent };
  new gcp.pubsub.TopicIAMMember(`pubsub-publishes-${deadLetterTopic}`, publishes);
  const acknowledges = { project, subscription: subscription.name, role: 'roles/pubsub.subscriber', member: agent };
  new gcp.pubsub.SubscriptionIAMMember(`pubsub-acknowledges-${resourceId}`, acknowledges);
}

/** A duration as Google's APIs write it. */
function seconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`;
}

import { invalidArgument, unimplemented } from '../google-api/api-error.ts';
import { fromMs, toMs } from '../google-api/protobuf-time.ts';
import { compileFilter } from './filter.ts';
import type { Subscription } from './resources.ts';

const dayMs = 24 * 3600_000;

/** What a request may carry and the local server refuses, so that nobody believes it works. */
interface Refused {
  readonly bigqueryConfig?: object | null;
  readonly cloudStorageConfig?: object | null;
  readonly bigtableConfig?: object | null;
  readonly enableExactlyOnceDelivery?: boolean;
  readonly messageTransforms?: readonly object[];
  readonly retainAckedMessages?: boolean;
}

/**
 * Checks a subscription and fills in the defaults.
 * Bounds: https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions
 *
 * @throws ApiError INVALID_ARGUMENT or, for what is not done locally, UNIMPLEMENTED.
 */
export function checkedSubscription(asked: Subscription & Refused): Subscription {
  if (asked.bigqueryConfig || asked.cloudStorageConfig || asked.bigtableConfig) throw unimplemented('export subscriptions');
  if (asked.enableExactlyOnceDelivery) throw unimplemented('exactly-once delivery');
  if (asked.messageTransforms?.length) throw unimplemented('message transforms');
  if (asked.retainAckedMessages) throw unimplemented('retain_acked_messages');
  checkName(asked.name, 'subscriptions');
  compileFilter(asked.filter);
  const { pushConfig, deadLetterPolicy, retryPolicy, messageRetentionDuration: retention } = asked;
  return {
    name: asked.name,
    topic: asked.topic,
    pushConfig: pushConfig?.pushEndpoint ? checkedPushConfig(pushConfig) : null,
    ackDeadlineSeconds: within('ack_deadline_seconds', asked.ackDeadlineSeconds || 10, 10, 600),
    messageRetentionDuration: fromMs(
      within('message_retention_duration in ms', retention ? toMs(retention) : 7 * dayMs, 10 * 60_000, 31 * dayMs),
    ),
    labels: asked.labels,
    enableMessageOrdering: asked.enableMessageOrdering,
    filter: asked.filter,
    deadLetterPolicy: deadLetterPolicy?.deadLetterTopic
      ? {
          deadLetterTopic: deadLetterPolicy.deadLetterTopic,
          maxDeliveryAttempts: within('max_delivery_attempts', deadLetterPolicy.maxDeliveryAttempts || 5, 5, 100),
        }
      : null,
    retryPolicy: retryPolicy && checkedRetryPolicy(retryPolicy),
  };
}

/**
 * Checks the form of a full name, such as "projects/p/topics/t".
 *
 * @throws ApiError INVALID_ARGUMENT.
 */
export function checkName(name: string, collection: 'topics' | 'subscriptions'): void {
  const [projects, project, actual, id, ...rest] = name.split('/');
  const valid = projects === 'projects' && project && actual === collection && rest.length === 0;
  if (!valid || !/^[A-Za-z][\w.~+%-]{2,254}$/.test(id ?? '') || id?.startsWith('goog')) {
    throw invalidArgument(`Invalid name "${name}": expected projects/{project}/${collection}/{id}, the id of 3 to 255 characters`);
  }
}

function checkedPushConfig(asked: NonNullable<Subscription['pushConfig']> & { noWrapper?: object | null }) {
  if (asked.noWrapper) throw unimplemented('no_wrapper');
  if (!/^https?:\/\//.test(asked.pushEndpoint) || !URL.canParse(asked.pushEndpoint)) {
    throw invalidArgument(`push_endpoint has to be an http:// or https:// URL, not "${asked.pushEndpoint}"`);
  }
  return { pushEndpoint: asked.pushEndpoint, oidcToken: asked.oidcToken?.serviceAccountEmail ? asked.oidcToken : null };
}

function checkedRetryPolicy({ minimumBackoff, maximumBackoff }: NonNullable<Subscription['retryPolicy']>) {
  const minMs = within('minimum_backoff in ms', minimumBackoff ? toMs(minimumBackoff) : 10_000, 0, 600_000);
  const maxMs = within('maximum_backoff in ms', maximumBackoff ? toMs(maximumBackoff) : 600_000, 0, 600_000);
  if (minMs > maxMs) throw invalidArgument('minimum_backoff is longer than maximum_backoff');
  return { minimumBackoff: fromMs(minMs), maximumBackoff: fromMs(maxMs) };
}

function within(field: string, value: number, least: number, most: number): number {
  if (value < least || value > most) throw invalidArgument(`${field} has to be from ${least} to ${most}, not ${value}`);
  return value;
}

import { type Duration, durationMs } from '@bufbuild/protobuf/wkt';
import { listMethods, type Method } from './methods.ts';

/** A method that Pub/Sub, Cloud Tasks or Cloud Scheduler calls, and the cloud resource that makes it so. Durations in milliseconds. */
export type Trigger = ScheduleTrigger | SubscriptionTrigger | QueueTrigger;

interface TriggerBase {
  readonly method: Method;
  /** The cloud resource's id: the method's name in kebab case, such as "capture-payment"; a subscription's is the service and the topic, "job-order-events". */
  readonly resourceId: string;
  /** The REST path at the jobs gateway, such as "/v1/tasks/capture-payment". */
  readonly path: string;
  /** The method's deadline. */
  readonly deadlineMs: number;
}

/** A Cloud Scheduler job. */
export interface ScheduleTrigger extends TriggerBase {
  readonly kind: 'schedule';
  readonly cron: string;
  readonly timeZone: string;
}

/** A Pub/Sub push subscription. */
export interface SubscriptionTrigger extends TriggerBase {
  readonly kind: 'subscription';
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly maxDeliveryAttempts: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** A Cloud Tasks queue. */
export interface QueueTrigger extends TriggerBase {
  readonly kind: 'queue';
  readonly maxDispatchesPerSecond: number;
  readonly maxConcurrentDispatches: number;
  readonly maxAttempts: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** Every trigger that the protos declare. */
export function listTriggers(methods: readonly Method[] = listMethods()): Trigger[] {
  return methods.flatMap(triggersOf);
}

/**
 * The triggers of one method, all of one kind: a subscription for each of its topics, a queue, a schedule, or none.
 *
 * @throws where a trigger has no `post` binding in its google.api.http option.
 */
export function triggersOf(method: Method): Trigger[] {
  const declared = method.policy?.trigger?.kind;
  if (declared?.case === undefined) return [];
  if (method.http?.pattern.case !== 'post') {
    throw new Error(`${method.grpcPath}: a method with a trigger needs a google.api.http option with "post"`);
  }
  const base = {
    method,
    resourceId: kebabCase(method.desc.name),
    path: method.http.pattern.value,
    deadlineMs: milliseconds(method.policy?.deadline),
  };
  switch (declared.case) {
    case 'schedule':
      return [{ ...base, kind: 'schedule', cron: declared.value.cron, timeZone: declared.value.timeZone || 'UTC' }];
    case 'subscription':
      return declared.value.topic.map((topic) => ({
        ...base,
        kind: 'subscription',
        resourceId: `${method.workload}-${topic}`,
        topic,
        deadLetterTopic: `${method.workload}-${topic}-dead-letter`,
        maxDeliveryAttempts: declared.value.maxDeliveryAttempts,
        minBackoffMs: milliseconds(declared.value.minBackoff),
        maxBackoffMs: milliseconds(declared.value.maxBackoff),
      }));
    case 'queue':
      return [
        {
          ...base,
          kind: 'queue',
          maxDispatchesPerSecond: declared.value.maxDispatchesPerSecond,
          maxConcurrentDispatches: declared.value.maxConcurrentDispatches,
          maxAttempts: declared.value.maxAttempts,
          minBackoffMs: milliseconds(declared.value.minBackoff),
          maxBackoffMs: milliseconds(declared.value.maxBackoff),
        },
      ];
  }
}

function kebabCase(pascalCase: string): string {
  return pascalCase.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
}

function milliseconds(duration: Duration | undefined): number {
  return duration === undefined ? 0 : durationMs(duration);
}

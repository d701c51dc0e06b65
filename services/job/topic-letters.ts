import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { DeadLetter, DeadLetters } from '../platform/cloud/events/dead-letters.ts';
import type { DeadLetterSchema } from '../platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { JobService } from '../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { workloadOf } from '../platform/contracts/methods.ts';
import { listTriggers } from '../platform/contracts/triggers.ts';

/** A dead letter and the topic that it was published to. */
export interface TopicLetter extends DeadLetter {
  readonly topic: string;
}

/** Pub/Sub shows what waits in no order and from no place on, so whatever is asked for, this much is looked at. */
const readOfEachTopic = 1_000;

/** The topics that this service has a subscription of. */
export function subscribedTopics(): readonly string[] {
  const subscriptions = listTriggers().filter(({ kind, method }) => kind === 'subscription' && method.workload === workloadOf(JobService));
  return [...new Set(subscriptions.flatMap((trigger) => (trigger.kind === 'subscription' ? [trigger.topic] : [])))];
}

/** The dead letters of every topic, in no order. @throws {RpcError} UNAVAILABLE */
export async function readTopicLetters(deadLetters: DeadLetters): Promise<readonly TopicLetter[]> {
  const topics = await Promise.all(
    subscribedTopics().map(async (topic) => {
      const letters = await reading(() => deadLetters.list(topic, readOfEachTopic));
      return letters.map((letter) => ({ ...letter, topic }));
    }),
  );
  return topics.flat();
}

/** A dead letter as operators see it. */
export function deadLetterMessage({ topic, event, giveUpTime }: TopicLetter): MessageInitShape<typeof DeadLetterSchema> {
  return {
    topic,
    event: event?.id ?? '',
    kind: event?.payload.case ?? '',
    aggregate: event?.aggregate ?? '',
    version: event?.version ?? 0n,
    giveUpTime: timestampFromDate(giveUpTime),
  };
}

/** Runs what Pub/Sub is asked for. @throws {RpcError} UNAVAILABLE */
export async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw unavailable('Pub/Sub did not do it; what was not replayed is still there', cause);
  }
}

import type { PubSub, Topic } from '@google-cloud/pubsub';
import { errorText } from '../../contracts/error-text.ts';
import { serviceAccount } from '../identity/service-account.ts';
import { checkMessage, type EventMessage } from './event-message.ts';

/** Publishes to Pub/Sub topics. */
export interface EventPublisher {
  /**
   * Resolves when Pub/Sub has stored the message.
   *
   * @throws when it has not, after at most ten seconds; later messages with the same key are sent again. TypeError, and nothing is sent, for a message that
   * is larger than Pub/Sub takes.
   */
  publish(topic: string, message: EventMessage): Promise<void>;
  /** Waits for what is on its way, and disconnects. */
  close(): Promise<void>;
}

/** Longest time for one message. It is spent inside a request, and what could not be sent stays in the outbox. */
const timeoutMs = 10_000;

/** Publishes with Google's client, which reads PUBSUB_EMULATOR_HOST itself and is loaded with the first message: a cold start that only reads goes without it. */
export function createEventPublisher(options: { readonly project: string }): EventPublisher {
  const topics = new Map<string, Topic>();
  let loading: Promise<PubSub> | undefined;
  const load = () => {
    loading ??= connect(options.project);
    return loading;
  };

  function topicOf(pubsub: PubSub, name: string): Topic {
    let topic = topics.get(name);
    if (topic === undefined) {
      topic = pubsub.topic(name, {
        messageOrdering: true,
        // A message waits for others for a millisecond only: there is a caller behind it. Under load batches fill while the one before is on its way.
        batching: { maxMessages: 100, maxMilliseconds: 1 },
        gaxOpts: {
          timeout: timeoutMs,
          retry: {
            retryCodes: retryCodes,
            backoffSettings: {
              initialRetryDelayMillis: 100,
              retryDelayMultiplier: 2,
              maxRetryDelayMillis: 2_000,
              initialRpcTimeoutMillis: 5_000,
              rpcTimeoutMultiplier: 1,
              maxRpcTimeoutMillis: 5_000,
              totalTimeoutMillis: timeoutMs,
            },
          },
        },
      });
      topics.set(name, topic);
    }
    return topic;
  }

  return {
    async publish(name, message) {
      checkMessage(message);
      const { data, attributes, orderingKey } = message;
      const topic = topicOf(await load(), name);
      try {
        await topic.publishMessage({ data: Buffer.from(data), attributes, orderingKey });
      } catch (error) {
        // A key may stay blocked after a failure: https://cloud.google.com/pubsub/docs/publisher#ordering-keys
        topic.resumePublishing(orderingKey);
        throw new Error(`Pub/Sub topic "${name}": ${errorText(error)}`, { cause: error });
      }
    },

    async close() {
      if (loading === undefined) return;
      const pubsub = await loading;
      await Promise.all([...topics.values()].map((topic) => topic.flush()));
      await pubsub.close();
    },
  };
}

async function connect(project: string): Promise<PubSub> {
  const { PubSub } = await import('@google-cloud/pubsub');
  return new PubSub({ projectId: project, authClient: await serviceAccount() });
}

/** ABORTED, INTERNAL, RESOURCE_EXHAUSTED, UNAVAILABLE: what Google's configuration of this method repeats, less the codes that only time out again. */
const retryCodes = [10, 13, 8, 14];

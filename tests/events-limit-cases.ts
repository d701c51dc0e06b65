import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { EventsBench } from './events-bench.ts';
import { pullPair, rejectsWith } from './events-bench.ts';

interface Message {
  readonly data?: Buffer;
  readonly attributes?: Record<string, string>;
  readonly orderingKey?: string;
}

const invalidArgument = 3;
const data = Buffer.from('x');
const manyAttributes = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, 'v']));

/** The largest that a publish request may hold. Sizes are bytes: each of these characters has two. */
const largest: readonly Message[] = [
  { attributes: { ['é'.repeat(128)]: 'é'.repeat(512) }, orderingKey: 'é'.repeat(512) },
  { data, attributes: manyAttributes(100), orderingKey: 'é'.repeat(512) },
];

/** Publish requests that are refused as a whole, by what is wrong with them. */
const refused: Readonly<Record<string, readonly Message[]>> = {
  'a publish request without messages is refused': [],
  'a publish request of more than 1000 messages is refused': Array.from({ length: 1001 }, () => ({ data })),
  'a publish request with a message that is empty is refused': [{ data }, { data: Buffer.alloc(0) }],
  'a publish request of more than 10 MB is refused': [{ data: Buffer.alloc(9_999_990) }],
  'a publish request with several ordering keys is refused': [
    { data, orderingKey: 'a' },
    { data, orderingKey: 'b' },
  ],
  'a message of more than 100 attributes is refused': [{ data, attributes: manyAttributes(101) }],
  'an attribute key of more than 256 bytes is refused': [{ data, attributes: { ['é'.repeat(129)]: 'v' } }],
  'an attribute value of more than 1024 bytes is refused': [{ data, attributes: { key: 'é'.repeat(513) } }],
  'an attribute key that begins with "goog" is refused': [{ data, attributes: { google: 'v' } }],
  'an ordering key of more than 1024 bytes is refused': [{ data, orderingKey: 'é'.repeat(513) }],
};

const publish = async ({ publisher }: EventsBench, topic: string, messages: readonly Message[]) =>
  publisher.publish({ topic, messages: [...messages] });

const refusedSubscriptions: Readonly<Record<string, () => object>> = {
  'a retention of less than 10 minutes is refused': () => ({ messageRetentionDuration: { seconds: 599 } }),
  'a retention of more than 31 days is refused': () => ({ messageRetentionDuration: { seconds: 31 * 24 * 3600 + 1 } }),
  'a push endpoint that is no HTTP URL is refused': () => ({ pushConfig: { pushEndpoint: 'ftp://127.0.0.1/push' } }),
  'an ack deadline of more than 600 seconds is refused': () => ({ ackDeadlineSeconds: 601 }),
  'a back-off that ends below its beginning is refused': () => ({
    retryPolicy: { minimumBackoff: { seconds: 20 }, maximumBackoff: { seconds: 10 } },
  }),
};

/** What Pub/Sub refuses: https://cloud.google.com/pubsub/quotas#resource_limits, and the bounds in the reference of its API. */
export const limitCases = [
  {
    name: 'a publish request of the largest keys, values and counts is taken',
    run: async (bench: EventsBench) => {
      const { topic } = await pullPair(bench);
      const [{ messageIds }] = await publish(bench, topic.name, largest);
      assert.equal(messageIds?.length, 2);
    },
  },
  {
    name: 'attributes under which Google’s clients send traces are taken',
    run: async (bench: EventsBench) => {
      const { topic } = await pullPair(bench);
      await publish(bench, topic.name, [{ data, attributes: { googclient_traceparent: 'v' } }]);
    },
  },
  ...Object.entries(refused).map(([name, messages]) => ({
    name,
    run: async (bench: EventsBench) => {
      const { topic, name: subscription } = await pullPair(bench);
      await rejectsWith(publish(bench, topic.name, messages), invalidArgument);
      const [{ receivedMessages }] = await bench.subscriber.pull({ subscription, maxMessages: 10, returnImmediately: true });
      assert.equal(receivedMessages?.length, 0);
    },
  })),
  ...Object.entries(refusedSubscriptions).map(([name, options]) => ({
    name,
    run: async ({ pubsub, id }: EventsBench) => {
      const [topic] = await pubsub.createTopic(id('t'));
      await rejectsWith(topic.createSubscription(id('s'), options()), invalidArgument);
    },
  })),
  {
    name: 'delivery attempts are limited to 5 to 100',
    run: async ({ pubsub, id }: EventsBench) => {
      const [topic] = await pubsub.createTopic(id('t'));
      for (const maxDeliveryAttempts of [4, 101]) {
        const deadLetterPolicy = { deadLetterTopic: topic.name, maxDeliveryAttempts };
        await assert.rejects(topic.createSubscription(id('s'), { deadLetterPolicy }), /max_delivery_attempts/);
      }
    },
  },
  {
    name: 'names have 3 to 255 characters and do not begin with "goog"',
    run: async ({ pubsub }: EventsBench) => {
      for (const name of ['ab', 'a'.repeat(256), 'googly']) await rejectsWith(pubsub.createTopic(name), invalidArgument);
    },
  },
  {
    name: 'an acknowledgement and a change of deadlines need ids',
    run: async (bench: EventsBench) => {
      const { name } = await pullPair(bench);
      await rejectsWith(bench.subscriber.acknowledge({ subscription: name, ackIds: [] }), invalidArgument);
      await rejectsWith(bench.subscriber.modifyAckDeadline({ subscription: name, ackIds: [], ackDeadlineSeconds: 10 }), invalidArgument);
    },
  },
  {
    name: 'an acknowledgement and a change of deadlines of more than 512 KiB are refused',
    run: async (bench: EventsBench) => {
      const { name } = await pullPair(bench);
      const ackIds = Array.from({ length: 600 }, () => 'x'.repeat(1000));
      await rejectsWith(bench.subscriber.acknowledge({ subscription: name, ackIds }), invalidArgument);
      await rejectsWith(bench.subscriber.modifyAckDeadline({ subscription: name, ackIds, ackDeadlineSeconds: 10 }), invalidArgument);
    },
  },
  {
    name: 'a stream that changes deadlines needs as many of them as ids',
    run: async (bench: EventsBench) => {
      const { name } = await pullPair(bench);
      const stream = bench.subscriber.streamingPull();
      stream.write({ subscription: name, streamAckDeadlineSeconds: 10, modifyDeadlineAckIds: ['one', 'two'], modifyDeadlineSeconds: [10] });
      await rejectsWith(once(stream, 'data'), invalidArgument);
    },
  },
  {
    name: 'a pull without a number of messages is refused, and hands out at most 1000',
    run: async (bench: EventsBench) => {
      const { topic, name } = await pullPair(bench);
      await rejectsWith(bench.subscriber.pull({ subscription: name, maxMessages: 0 }), invalidArgument);
      const messages = Array.from({ length: 600 }, () => ({ data }));
      await publish(bench, topic.name, messages);
      await publish(bench, topic.name, messages);
      const [{ receivedMessages }] = await bench.subscriber.pull({ subscription: name, maxMessages: 2000 });
      assert.ok(receivedMessages!.length <= 1000);
    },
  },
];

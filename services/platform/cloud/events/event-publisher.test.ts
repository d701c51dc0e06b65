import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Message, PubSub } from '@google-cloud/pubsub';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PubsubServer, startPubsub } from '../../../../deploy/local/cloud/pubsub/start-pubsub.ts';
import { systemClock } from '../../../../deploy/local/shared/local-server.ts';
import type { EventMessage } from './event-message.ts';
import { createEventPublisher, type EventPublisher } from './event-publisher.ts';

const project = 'kumiko-test';
const stateDir = mkdtempSync(join(tmpdir(), 'event-publisher-'));
let server: PubsubServer;
let reader: PubSub;
let publisher: EventPublisher;

beforeAll(async () => {
  server = await startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: async () => '' });
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  process.env['PUBSUB_EMULATOR_HOST'] = `127.0.0.1:${server.port}`;
  reader = new PubSub({ projectId: project });
  publisher = createEventPublisher({ project });
});

afterAll(async () => {
  await publisher?.close();
  await reader?.close();
  await server?.close();
  rmSync(stateDir, { recursive: true });
});

test('publishes data, attributes and key, each key in the order of the calls', async () => {
  const { received } = await subscribe('ordered', 20);
  const sent = Array.from({ length: 20 }, (_, i) => ({ key: `orders/${i % 2}`, text: String(i) }));
  await Promise.all(sent.map(({ key, text }) => publisher.publish('ordered', message(key, text))));
  const messages = await received;
  for (const key of ['orders/0', 'orders/1']) {
    const texts = messages.filter((message) => message.orderingKey === key).map((message) => message.data.toString());
    expect(texts).toEqual(sent.filter((message) => message.key === key).map(({ text }) => text));
  }
  expect(messages[0]?.attributes).toEqual({ event_id: messages[0]?.data.toString() });
});

test('fails where the topic is missing, and publishes the same key again once it is there', async () => {
  const early = ['a', 'b'].map((text) => publisher.publish('late', message('orders/1', text)));
  for (const failing of early) await expect(failing).rejects.toThrow('Pub/Sub topic "late": 5 NOT_FOUND');
  const { received } = await subscribe('late', 2);
  await publisher.publish('late', message('orders/1', 'c'));
  await publisher.publish('late', message('orders/1', 'd'));
  expect((await received).map((message) => message.data.toString())).toEqual(['c', 'd']);
});

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, 'v']));

test.each<[string, Partial<EventMessage>, RegExp]>([
  ['an ordering key', { orderingKey: 'é'.repeat(513) }, /^the ordering key has 1026 bytes: Pub\/Sub takes at most 1024$/],
  ['a number of attributes', { attributes: many(101) }, /^101 attributes: Pub\/Sub takes at most 100$/],
  ['a name of an attribute', { attributes: { ['é'.repeat(129)]: 'v' } }, /has 258 bytes: Pub\/Sub takes at most 256$/],
  ['an attribute', { attributes: { a: 'é'.repeat(513) } }, /^the attribute "a" has 1026 bytes: Pub\/Sub takes at most 1024$/],
  ['a name of Google’s', { attributes: { google: 'v' } }, /begin with "goog"/],
  ['a message', { data: Buffer.alloc(10_000_000) }, /^the message has 10000000 bytes/],
])('refuses %s that Pub/Sub would refuse, before it is sent', async (_what, changes, reason) => {
  await expect(publisher.publish('nowhere', { ...message('orders/1', 'a'), ...changes })).rejects.toThrow(reason);
});

test('sends the largest messages that Pub/Sub takes', async () => {
  const { received } = await subscribe('largest', 2);
  await publisher.publish('largest', { data: Buffer.alloc(9_990_000), attributes: many(100), orderingKey: 'é'.repeat(512) });
  await publisher.publish('largest', {
    data: Buffer.alloc(1),
    attributes: { ['é'.repeat(128)]: 'é'.repeat(512) },
    orderingKey: 'orders/1',
  });
  expect((await received).map(({ data }) => data.length).sort()).toEqual([1, 9_990_000]);
});

test('closes without having been used', async () => {
  await createEventPublisher({ project }).close();
});

function message(orderingKey: string, text: string) {
  return { data: Buffer.from(text), attributes: { event_id: text }, orderingKey };
}

/** Makes the topic and listens; `received` resolves with its first messages. */
async function subscribe(topicId: string, count: number): Promise<{ readonly received: Promise<Message[]> }> {
  const [topic] = await reader.createTopic(topicId);
  const [subscription] = await topic.createSubscription(`${topicId}-test`, { enableMessageOrdering: true });
  const messages: Message[] = [];
  const received = new Promise<Message[]>((resolve) => {
    subscription.on('message', (message: Message) => {
      messages.push(message);
      message.ack();
      if (messages.length === count) void subscription.close().then(() => resolve(messages));
    });
  });
  return { received };
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type PubsubServer, startPubsub } from '../../../../deploy/local/cloud/pubsub/start-pubsub.ts';
import { systemClock } from '../../../../deploy/local/shared/local-server.ts';
import { EventSchema } from '../../testing/fixture/gen/types/sample/event/v1/event_pb.js';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import type { EventMessage } from './event-message.ts';
import type { EventPublisher } from './event-publisher.ts';

const project = 'projects/kumiko-test';
const topic = 'loan-events';
let stateDir: string;
let server: PubsubServer;
let published: { topic: string; message: EventMessage }[];
let refuses: (aggregate: string) => boolean;
let deadLetters: DeadLetters;

const publisher: EventPublisher = {
  async publish(to, message) {
    if (refuses(message.orderingKey)) throw new Error('not now');
    published.push({ topic: to, message });
  },
  async close() {},
};

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-dead-'));
  server = await startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: async () => 'token' });
  vi.stubEnv('PUBSUB_EMULATOR_HOST', `127.0.0.1:${server.port}`);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
  server.broker.createTopic({ name: `${project}/topics/reader-${topic}-dead-letter`, labels: {} });
  server.broker.createSubscription({
    name: `${project}/subscriptions/reader-${topic}-dead-letter`,
    topic: `${project}/topics/reader-${topic}-dead-letter`,
    pushConfig: null,
    enableMessageOrdering: false,
    messageRetentionDuration: null,
    labels: {},
    filter: '',
    deadLetterPolicy: null,
    retryPolicy: null,
    ackDeadlineSeconds: 10,
  });
  published = [];
  refuses = () => false;
  deadLetters = createDeadLetters({ project: 'kumiko-test', subscriber: 'reader', eventType: EventSchema, publisher });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await deadLetters.close();
  await server.close();
  rmSync(stateDir, { recursive: true });
});

function bury(...ids: string[]): void {
  const messages = ids.map((id) => ({
    data: Buffer.from(toBinary(EventSchema, create(EventSchema, { id, aggregate: `loans/${id}`, version: 1n }))),
    attributes: { event_id: id, CloudPubSubDeadLetterSourceDeliveryCount: '20' },
    orderingKey: '',
  }));
  server.broker.publish(`${project}/topics/reader-${topic}-dead-letter`, messages);
}

const waiting = async () => (await deadLetters.list(topic, 10)).map(({ event }) => event?.id);

test('what waits is shown, again and again', async () => {
  bury('a', 'b');
  expect(await waiting()).toEqual(['a', 'b']);
  expect(await waiting()).toEqual(['a', 'b']);
});

test('what is replayed is gone, and keeps its order and its own attributes', async () => {
  bury('a', 'b');
  expect(await deadLetters.replay(topic, 10)).toEqual({ replayed: 2, skipped: 0 });
  expect(published.map(({ topic, message: { orderingKey, attributes } }) => [topic, orderingKey, attributes])).toEqual([
    [topic, 'loans/a', { event_id: 'a' }],
    [topic, 'loans/b', { event_id: 'b' }],
  ]);
  expect(await waiting()).toEqual([]);
});

test('no more than the limit is replayed', async () => {
  bury('a', 'b', 'c');
  expect(await deadLetters.replay(topic, 2)).toEqual({ replayed: 2, skipped: 0 });
  expect(await waiting()).toHaveLength(1);
});

test('what cannot be published stays', async () => {
  bury('a', 'b', 'c');
  refuses = (aggregate) => aggregate === 'loans/b';
  await expect(deadLetters.replay(topic, 10)).rejects.toThrow('not now');
  expect(await waiting()).toEqual(expect.arrayContaining(['b', 'c']));
  expect(published).toHaveLength(1);
});

test('what is no event stays, and holds up nothing', async () => {
  server.broker.publish(`${project}/topics/reader-${topic}-dead-letter`, [
    { data: Buffer.from('{"a":1}'), attributes: {}, orderingKey: '' },
  ]);
  bury('a');
  expect(await deadLetters.replay(topic, 10)).toEqual({ replayed: 1, skipped: 1 });
  expect(await waiting()).toEqual([undefined]);
});

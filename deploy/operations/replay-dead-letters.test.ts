import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { PubSub } from '@google-cloud/pubsub';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EventSchema } from '../../services/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../tests/recording-endpoint.ts';
import { systemClock } from '../local/local-server.ts';
import { type PubsubServer, startPubsub } from '../local/pubsub/start-pubsub.ts';
import { type ReplayedEvent, replayDeadLetters } from './replay-dead-letters.ts';

const project = 'projects/kumiko-local';
let stateDir: string;
let endpoint: RecordingEndpoint;
let server: PubsubServer;
let pubsub: PubSub;

beforeEach(async () => {
  // The client looks for credentials even where it needs none.
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-replay-'));
  endpoint = await startRecordingEndpoint();
  server = await startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: async () => 'token' });
  const subscription = {
    messageRetentionDuration: null,
    labels: {},
    filter: '',
    deadLetterPolicy: null,
    retryPolicy: null,
    ackDeadlineSeconds: 10,
  };
  for (const topic of ['order-events', 'order-events-dead-letter'])
    server.broker.createTopic({ name: `${project}/topics/${topic}`, labels: {} });
  server.broker.createSubscription({
    ...subscription,
    name: `${project}/subscriptions/handle-order-event`,
    topic: `${project}/topics/order-events`,
    pushConfig: { pushEndpoint: endpoint.url, oidcToken: null },
    enableMessageOrdering: true,
  });
  server.broker.createSubscription({
    ...subscription,
    name: `${project}/subscriptions/order-events-dead-letter`,
    topic: `${project}/topics/order-events-dead-letter`,
    pushConfig: null,
    enableMessageOrdering: false,
  });
  pubsub = new PubSub({ projectId: 'kumiko-local', apiEndpoint: `127.0.0.1:${server.port}`, emulatorMode: true });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await pubsub.close();
  await server.close();
  await endpoint.close();
  rmSync(stateDir, { recursive: true });
});

function bury(...events: MessageInitShape<typeof EventSchema>[]): void {
  const messages = events.map((event) => ({
    data: Buffer.from(toBinary(EventSchema, create(EventSchema, event))),
    attributes: { event_id: event.id ?? '', kumiko_preview: 'pr-7', CloudPubSubDeadLetterSourceDeliveryCount: '20' },
    orderingKey: '',
  }));
  server.broker.publish(`${project}/topics/order-events-dead-letter`, messages);
}

function event(id: string): MessageInitShape<typeof EventSchema> {
  return { id, aggregate: `orders/${id}`, version: 1n, payload: { case: 'orderDelivered', value: {} } };
}

function replay(limit: number, idleMs: number): Promise<{ count: number; heard: ReplayedEvent[] }> {
  const heard: ReplayedEvent[] = [];
  return replayDeadLetters({ pubsub, topic: 'order-events', limit, idleMs, onReplayed: (one) => heard.push(one) }).then((count) => ({
    count,
    heard,
  }));
}

test('dead letters are delivered again, in the order of their aggregates, and are gone', async () => {
  bury(event('a'), event('b'));
  const { count, heard } = await replay(2, 20_000);
  expect(count).toBe(2);
  expect(heard.map(({ id }) => id).toSorted()).toEqual(['a', 'b']);
  await vi.waitFor(() => expect(endpoint.requests).toHaveLength(2), { timeout: 20_000 });
  const messages = endpoint.requests
    .map(({ body }) => JSON.parse(body).message)
    .toSorted((x, y) => (x.orderingKey < y.orderingKey ? -1 : 1));
  expect(messages.map(({ orderingKey, attributes }) => [orderingKey, attributes])).toEqual([
    ['orders/a', { event_id: 'a', kumiko_preview: 'pr-7' }],
    ['orders/b', { event_id: 'b', kumiko_preview: 'pr-7' }],
  ]);
  expect((await replay(1, 200)).count).toBe(0);
});

test('no more than the limit are taken, and the others stay', async () => {
  bury(event('a'), event('b'), event('c'));
  expect((await replay(1, 20_000)).count).toBe(1);
  expect((await replay(2, 20_000)).count).toBe(2);
});

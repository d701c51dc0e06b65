import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../../../tests/recording-endpoint.ts';
import { type AdvanceableClock, createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { fromMs } from '../google-api/protobuf-time.ts';
import type { Subscription } from './resources.ts';
import { type PubsubOptions, type PubsubServer, startPubsub } from './start-pubsub.ts';

const topic = 'projects/kumiko-local/topics/events';
const subscription = 'projects/kumiko-local/subscriptions/handle';

let stateDir: string;
let endpoint: RecordingEndpoint;
let clock: AdvanceableClock;
let server: PubsubServer;

async function start(options: Partial<PubsubOptions> = {}): Promise<PubsubServer> {
  return startPubsub({
    port: 0,
    stateDir,
    clock,
    machineClock: clock,
    mintIdToken: async (email, audience) => `${email} for ${audience}`,
    ...options,
  });
}

function subscribe(changes: Partial<Subscription> = {}): void {
  server.broker.createSubscription({
    name: subscription,
    topic,
    pushConfig: { pushEndpoint: endpoint.url, oidcToken: null },
    ackDeadlineSeconds: 10,
    messageRetentionDuration: null,
    labels: {},
    enableMessageOrdering: false,
    filter: '',
    deadLetterPolicy: null,
    retryPolicy: { minimumBackoff: fromMs(1000), maximumBackoff: fromMs(5000) },
    ...changes,
  });
}

function publish(...texts: string[]): void {
  const messages = texts.map((text) => ({ data: Buffer.from(text), attributes: {}, orderingKey: '' }));
  server.broker.publish(topic, messages);
}

const pushed = () => endpoint.requests.map(({ body }) => Buffer.from(JSON.parse(body).message.data, 'base64').toString());
const nextDueIn = (ms: number) => expect.poll(() => clock.nextDue(), { interval: 2 }).toBe(clock.now() + ms);

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-pubsub-'));
  endpoint = await startRecordingEndpoint();
  clock = createManualClock();
  server = await start();
  server.broker.createTopic({ name: topic, labels: {} });
});

afterEach(async () => {
  await server.close();
  await endpoint.close();
  rmSync(stateDir, { recursive: true });
});

it('waits twice as long after each refusal, up to the longest back-off', async () => {
  endpoint.answer = () => 503;
  subscribe();
  publish('x');
  for (const [index, backoffMs] of [1000, 2000, 4000, 5000, 5000].entries()) {
    await endpoint.received(index + 1);
    await nextDueIn(backoffMs);
    clock.advance(backoffMs - 1);
    expect(endpoint.requests).toHaveLength(index + 1);
    clock.advance(1);
  }
  await endpoint.received(6);
});

it('takes no answer within the ack deadline for a refusal', async () => {
  endpoint.answer = (_, index) => (index === 0 ? new Promise<number>(() => {}) : 200);
  subscribe();
  publish('x');
  await endpoint.received(1);
  clock.advance(10_000);
  await nextDueIn(1000);
  clock.advance(1000);
  await endpoint.received(2);
});

it.each([200, 201, 202, 204])('takes status %i for an acknowledgement', async (status) => {
  endpoint.answer = () => status;
  subscribe();
  publish('x');
  await endpoint.received(1);
  await expect.poll(() => clock.nextDue()).toBeUndefined();
  await server.close();
  server = await start();
  expect(server.broker.subscriber(subscription).hasReady).toBe(false);
});

it.each([203, 301, 400, 401])('takes status %i for a refusal', async (status) => {
  endpoint.answer = () => status;
  subscribe();
  publish('x');
  await endpoint.received(1);
  await nextDueIn(1000);
});

it('pushes no more than its limit at one time', async () => {
  await server.close();
  server = await start({ pushConcurrency: 2 });
  const answers: ((status: number) => void)[] = [];
  endpoint.answer = () => new Promise((resolve) => answers.push(resolve));
  subscribe();
  publish('1', '2', '3', '4');
  await endpoint.received(2);
  answers[1]?.(200);
  await endpoint.received(3);
  expect(answers).toHaveLength(3);
  for (const answer of answers) answer(200);
  await endpoint.received(4);
  answers[3]?.(200);
});

it('sends an ID token for the audience, or else for the endpoint', async () => {
  subscribe({ pushConfig: { pushEndpoint: `${endpoint.url}/p`, oidcToken: { serviceAccountEmail: 'a@x', audience: '' } } });
  publish('x');
  const [request] = await endpoint.received(1);
  expect(request?.headers.authorization).toBe(`Bearer a@x for ${endpoint.url}/p`);
});

it('tries again later when no token is to be had', async () => {
  await server.close();
  let tokens = 0;
  const mintIdToken = async () => {
    tokens += 1;
    if (tokens === 1) throw new Error('the issuer is away');
    return 'token';
  };
  server = await start({ mintIdToken });
  subscribe({ pushConfig: { pushEndpoint: endpoint.url, oidcToken: { serviceAccountEmail: 'a@x', audience: 'b' } } });
  publish('x');
  await nextDueIn(1000);
  expect(endpoint.requests).toHaveLength(0);
  clock.advance(1000);
  const [request] = await endpoint.received(1);
  expect(request?.headers.authorization).toBe('Bearer token');
});

it('delivers again after a restart what was not acknowledged, with its attempts counted', async () => {
  endpoint.answer = (_, index) => (index === 0 ? 200 : 500);
  server.broker.createTopic({ name: `${topic}-dead`, labels: {} });
  subscribe({ deadLetterPolicy: { deadLetterTopic: `${topic}-dead`, maxDeliveryAttempts: 5 } });
  publish('done');
  await endpoint.received(1);
  await expect.poll(() => clock.nextDue()).toBeUndefined();
  publish('open');
  await endpoint.received(2);
  await nextDueIn(1000);
  await server.close();
  server = await start();
  clock.advance(1000);
  await endpoint.received(3);
  expect(pushed()).toEqual(['done', 'open', 'open']);
  expect(endpoint.requests.map(({ body }) => JSON.parse(body).deliveryAttempt)).toEqual([1, 1, 2]);
});

it('pushes nothing while held, and to the new endpoint once released', async () => {
  await server.close();
  server = await start({ held: true });
  subscribe({ pushConfig: { pushEndpoint: `${endpoint.url}/old`, oidcToken: null } });
  publish('x');
  const { spec } = server.broker.subscriber(subscription);
  server.broker.updateSubscription({ ...spec, pushConfig: { pushEndpoint: `${endpoint.url}/new`, oidcToken: null } });
  server.release();
  const [request] = await endpoint.received(1);
  expect(request?.path).toBe('/new');
});

it('hands a pulled message out again after its ack deadline', () => {
  subscribe({ pushConfig: null, retryPolicy: null });
  publish('x');
  const subscriber = server.broker.subscriber(subscription);
  const [first] = subscriber.take(1);
  clock.advance(9_999);
  expect(subscriber.take(1)).toEqual([]);
  subscriber.modifyDeadline([first!.ackId], 30);
  clock.advance(29_999);
  expect(subscriber.take(1)).toEqual([]);
  clock.advance(1);
  const [second] = subscriber.take(1);
  expect(second?.message.messageId).toBe(first?.message.messageId);
  subscriber.ack([first!.ackId]);
  expect(subscriber.holds(second!.ackId)).toBe(true);
});

it('drops what is older than the retention', () => {
  subscribe({ pushConfig: null });
  publish('old');
  clock.advance(8 * 24 * 3600_000);
  publish('new');
  const texts = server.broker
    .subscriber(subscription)
    .take(10)
    .map(({ message }) => String(Buffer.from(message.data)));
  expect(texts).toEqual(['new']);
});

it('keeps a message whose dead letter topic is missing', async () => {
  endpoint.answer = () => 500;
  subscribe({ deadLetterPolicy: { deadLetterTopic: `${topic}-nowhere`, maxDeliveryAttempts: 5 }, retryPolicy: null });
  publish('x');
  for (let attempt = 1; attempt <= 6; attempt += 1) {
    await endpoint.received(attempt);
    await nextDueIn(100 * 2 ** (attempt - 1));
    clock.advance(100 * 2 ** (attempt - 1));
  }
  const requests = await endpoint.received(7);
  expect(JSON.parse(requests[6]!.body).deliveryAttempt).toBe(7);
});

it('keeps subscriptions of a deleted topic, without further messages', () => {
  subscribe({ pushConfig: null });
  server.broker.deleteTopic(topic);
  expect(server.broker.subscriber(subscription).spec.topic).toBe('_deleted-topic_');
  expect(() => publish('x')).toThrow(/not found/i);
});

it('refuses what it does not implement', () => {
  expect(() => subscribe({ enableExactlyOnceDelivery: true } as object)).toThrow(/does not implement exactly-once delivery/);
});

it('forgets a deleted subscription, also while a push is under way', async () => {
  const answers: ((status: number) => void)[] = [];
  endpoint.answer = (_, index) => (index === 0 ? new Promise((resolve) => answers.push(resolve)) : 200);
  subscribe();
  publish('before');
  await endpoint.received(1);
  server.broker.deleteSubscription(subscription);
  answers[0]?.(500);
  subscribe();
  publish('after');
  await endpoint.received(2);
  await expect.poll(() => clock.nextDue()).toBeUndefined();
  expect(pushed()).toEqual(['before', 'after']);
});

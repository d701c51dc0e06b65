import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { type Message, PubSub } from '@google-cloud/pubsub';
import { SpanKind } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type PubsubServer, startPubsub } from '../../../../deploy/local/cloud/pubsub/start-pubsub.ts';
import { systemClock } from '../../../../deploy/local/shared/local-server.ts';
import { inSpan } from '../../contracts/in-span.ts';
import { activeTraceparent, parseTraceparent } from '../../contracts/traceparent.ts';
import { type Event, EventSchema } from '../../testing/fixture/gen/types/sample/event/v1/event_pb.js';
import { recordSpans, type SpanRecorder } from '../../testing/span-recorder.ts';
import type { Database, Row } from '../spanner/database.ts';
import { createEventPublisher, type EventPublisher } from './event-publisher.ts';
import { createOutbox, type Outbox } from './outbox.ts';

const project = 'kumiko-test';
const stateDir = mkdtempSync(join(tmpdir(), 'outbox-traces-'));
const requests = Array.from({ length: 40 }, (_, index) => ({
  order: `loans/o${index}`,
  traceId: (index + 1).toString(16).padStart(32, 'a'),
}));

let recorder: SpanRecorder;
let server: PubsubServer;
let reader: PubSub;
let publisher: EventPublisher;
let outbox: Outbox;
/** What is stored in the outbox. */
let rows: Row[] = [];
/** What has arrived: the trace of each order's message, by the order. */
let received: Map<string, Message>;
let arrived: () => void;

beforeAll(async () => {
  recorder = recordSpans();
  server = await startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: async () => '' });
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  process.env['PUBSUB_EMULATOR_HOST'] = `127.0.0.1:${server.port}`;
  reader = new PubSub({ projectId: project });
  const [topic] = await reader.createTopic('loan-events');
  const [subscription] = await topic.createSubscription('loan-events-test', { enableMessageOrdering: true });
  received = new Map();
  subscription.on('message', (message: Message) => {
    message.ack();
    received.set(message.orderingKey ?? '', message);
    arrived?.();
  });
  publisher = createEventPublisher({ project });
  outbox = createOutbox({ schema: 'storage', eventType: EventSchema, database: databaseOf(), publisher, now: () => new Date() });
});

afterEach(() => {
  recorder.reset();
  received.clear();
  rows = [];
});

afterAll(async () => {
  await publisher?.close();
  await reader?.close();
  await server?.close();
  recorder.close();
  rmSync(stateDir, { recursive: true });
});

/** A request of an own trace that makes an event, and returns the span in which it did. */
function request({ order, traceId }: (typeof requests)[number], work: (event: Event) => Promise<void>): Promise<string> {
  const origin = { kind: SpanKind.SERVER, attributes: {}, continues: `00-${traceId}-b7ad6b7169203331-01` };
  return inSpan('request', origin, async (span) => {
    await work(create(EventSchema, { id: `e-${order}`, aggregate: order, version: 1n, payload: { case: 'loanOverdue', value: {} } }));
    return span.spanContext().spanId;
  });
}

/** The messages of all requests, once they are there. */
async function messages(): Promise<ReadonlyMap<string, Message>> {
  await new Promise<void>((resolve) => {
    arrived = () => received.size === requests.length && resolve();
    arrived();
  });
  return received;
}

/** Each message is in the trace of its own request, and continues a span "send" that is a child of that request's. */
async function expectOwnTraces(requestSpans: readonly string[]): Promise<void> {
  const sends = new Map(recorder.spans().map((span) => [span.spanContext().spanId, span]));
  const seen = [...(await messages())].map(([order, { attributes }]) => {
    const context = parseTraceparent(attributes['traceparent']);
    const send = sends.get(context?.spanId ?? '');
    return [
      order,
      context?.traceId,
      send?.name,
      send?.attributes['messaging.gcp_pubsub.message.ordering_key'],
      send?.parentSpanContext?.spanId,
    ];
  });
  const expected = requests.map(({ order, traceId }, index) => [order, traceId, 'send loan-events', order, requestSpans[index]]);
  expect(seen.toSorted()).toEqual(expected.toSorted());
}

test('messages that are published together each carry on the trace of their own request', async () => {
  const spans = await Promise.all(requests.map((made) => request(made, (event) => outbox.publish([event]))));
  await expectOwnTraces(spans);
});

test('a relay sends each event in the trace that it was made in, linked with its own', async () => {
  const spans = await Promise.all(requests.map((made) => request(made, async (event) => void store(event))));
  const relay = await inSpan('relay', { kind: SpanKind.SERVER, attributes: {} }, async (span) => {
    expect(await outbox.publishPending(1_000)).toEqual({ published: requests.length, failed: 0 });
    return span.spanContext().traceId;
  });
  await expectOwnTraces(spans);
  const sends = recorder.spans().filter(({ name }) => name === 'send loan-events');
  expect(new Set(sends.flatMap(({ links }) => links.map(({ context }) => context.traceId)))).toEqual(new Set([relay]));
  expect(activeTraceparent()).toBeUndefined();
});

function store(event: Event): void {
  const [, [id, aggregate, version, bytes, attributes]] = outbox.insert(event) as readonly [unknown, readonly unknown[]];
  rows.push({ id, aggregate, version, event: bytes, attributes } as Row);
}

/** Answers the outbox's own statements. */
function databaseOf(): Database {
  return {
    query: async () => rows,
    transact: async (work: (tx: { execute: () => Promise<number> }) => Promise<unknown>) =>
      work({ execute: async () => rows.splice(0).length }),
    close: async () => {},
  } as unknown as Database;
}

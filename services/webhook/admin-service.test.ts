import { randomUUID } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../platform/chassis/process/config.ts';
import { shapeOf } from '../platform/chassis/process/manifest.ts';
import { createOutbox } from '../platform/cloud/events/outbox.ts';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { WebhookAdminService } from '../platform/contracts/gen/types/kumiko/webhook/v1/admin_pb.js';
import { WebhookInternalService } from '../platform/contracts/gen/types/kumiko/webhook/v1/internal_pb.js';
import { WebhookService } from '../platform/contracts/gen/types/kumiko/webhook/v1/webhook_pb.js';
import { recordingPublisher } from '../platform/testing/recording-publisher.ts';
import { type ServiceDatabase, startServiceDatabase } from '../platform/testing/service-database.ts';
import { testClient } from '../platform/testing/test-client.ts';
import { webhookAdminService } from './admin-service.ts';
import { webhookInternalService } from './internal-service.ts';
import { manifest } from './manifest.ts';
import { webhookService } from './service.ts';
import { WebhookStore } from './store/store.ts';
import { signed } from './tests/signed.ts';

const secret = 'the-secret-of-yamapay';
const { WEBHOOK_PROFILES: profiles } = loadConfig(shapeOf(manifest), {
  WEBHOOK_PROFILES: JSON.stringify([
    { kind: 'payment', name: 'yamapay', header: 'yamapay-signature', toleranceSeconds: 300, secrets: [secret] },
  ]),
});
const time = new Date('2026-01-02T12:00:00Z');
const now = () => time;

let spanner: ServiceDatabase;
let publisher: ReturnType<typeof recordingPublisher>;
let store: WebhookStore;
beforeAll(async () => {
  spanner = await startServiceDatabase({ abortProbability: 0.1 });
});
afterAll(() => spanner?.close());
beforeEach(async () => {
  publisher = recordingPublisher();
  store = new WebhookStore({ database: spanner.database, outbox: outbox(), now });
  await spanner.database.transact((tx) => tx.execute({ name: 'test.forget', text: 'DELETE FROM webhook.provider_events WHERE true' }));
});

const outbox = () => createOutbox({ schema: 'webhook', eventType: EventSchema, database: spanner.database, publisher, now });
const operator = () =>
  testClient(WebhookAdminService, webhookAdminService({ store, outbox: outbox() }), { kind: 'operator', email: 'o@kumiko.example' });
const told = () => publisher.messages.map(({ data }) => fromBinary(EventSchema, data));
const nameOf = (id: string) => `providers/yamapay/events/${id}`;

function eventOf(id: string, intent: object): string {
  return JSON.stringify({
    id,
    type: 'payment.authorized',
    data: { intent: { id: 'pi_1', reference: 'orders/o1', sequence: 2, ...intent } },
  });
}

async function receive(body: string) {
  const headers = { 'yamapay-signature': signed(secret, body, time) };
  const client = testClient(WebhookService, webhookService({ store, outbox: outbox(), profiles, now }), { kind: 'public' }, headers);
  await client.receivePaymentEvent({ provider: 'yamapay', payload: { data: Buffer.from(body) } });
}

/** Receives an event whose kept body is then what a mended service understands: as if the service had been mended. */
async function receiveAndMend(id: string): Promise<void> {
  await receive(eventOf(id, { sequence: 'two' }));
  await spanner.database.transact((tx) =>
    tx.execute({ name: 'test.mend', text: 'UPDATE webhook.provider_events SET body = $2 WHERE event_id = $1' }, [
      id,
      Buffer.from(eventOf(id, {})),
    ]),
  );
}

describe('an event of a type that we know, which is not understood', () => {
  test('is kept with the reason, shown to operators, and told to nobody', async () => {
    const id = `evt/${randomUUID()}`;
    for (let time = 0; time < 2; time += 1) await receive(eventOf(id, { sequence: 'two' }));
    expect(told()).toEqual([]);
    const { refusedEvents } = await operator().listRefusedEvents({});
    expect(refusedEvents).toMatchObject([
      { name: nameOf(id), kind: 'payment', type: 'payment.authorized', reason: 'data.intent.sequence must be a whole number' },
    ]);
    expect(refusedEvents[0]?.receiveTime?.seconds).toBe(BigInt(time.getTime() / 1000));
  });

  test('is told by a replay once it is understood, once', async () => {
    const id = `evt/${randomUUID()}`;
    await receiveAndMend(id);
    const replays = await Promise.all([1, 2, 3].map(() => operator().replayRefusedEvents({ name: nameOf(id) })));
    expect(replays.map(({ replayed }) => replayed).toSorted()).toEqual([0, 0, 1]);
    expect(replays.map(({ refused }) => refused)).toEqual([0, 0, 0]);
    expect(told()).toMatchObject([{ aggregate: 'payments/yamapay/pi_1', version: 2n, payload: { case: 'paymentStatusReported' } }]);
    expect((await operator().listRefusedEvents({})).refusedEvents).toEqual([]);
    await receive(eventOf(id, {}));
    expect(told()).toHaveLength(1);
  });

  test('is about nothing until it is understood, and then about its order', async () => {
    const id = `evt/${randomUUID()}`;
    await receiveAndMend(id);
    const internal = testClient(WebhookInternalService, webhookInternalService({ store }), { kind: 'service', name: 'job' });
    const found = async (...subjects: string[]) =>
      (await internal.findProviderEvents({ subjects })).events.map(({ name, subject, type }) => ({ name, subject, type }));
    expect(await found('orders/o1')).toEqual([]);
    await operator().replayRefusedEvents({ name: nameOf(id) });
    const mended = { name: nameOf(id), subject: 'orders/o1', type: 'payment.authorized' };
    expect(await found('orders/o1', 'shipments/hayabusa/SW1')).toEqual([mended]);
    expect(await found('orders/o2')).toEqual([]);
  });

  test('stays where it is still not understood', async () => {
    const id = randomUUID();
    await receive(eventOf(id, { reference: 'invoice 7' }));
    expect(await operator().replayRefusedEvents({ name: nameOf(id) })).toMatchObject({ replayed: 0, refused: 1 });
    expect(await operator().replayRefusedEvents({})).toMatchObject({ replayed: 0, refused: 1 });
    expect((await operator().listRefusedEvents({})).refusedEvents).toHaveLength(1);
    expect(told()).toEqual([]);
  });

  test('is told where the provider sends it again in a form that is understood', async () => {
    const id = randomUUID();
    await receive(eventOf(id, { sequence: {} }));
    await Promise.all([1, 2, 3].map(() => receive(eventOf(id, { sequence: '2' }))));
    expect(told()).toHaveLength(1);
    expect((await operator().listRefusedEvents({})).refusedEvents).toEqual([]);
    const [row] = await spanner.rows('SELECT body FROM webhook.provider_events WHERE event_id = $1', [id]);
    expect(Buffer.from(row?.['body'] as Uint8Array).toString()).toBe(eventOf(id, { sequence: '2' }));
  });
});

test('a replay of all takes as many as it is told, and pages show the rest', async () => {
  for (let index = 0; index < 5; index += 1) await receiveAndMend(randomUUID());
  expect(await operator().replayRefusedEvents({ limit: 2 })).toMatchObject({ replayed: 2, refused: 0 });
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await operator().listRefusedEvents({ pageSize: 2, pageToken });
    names.push(...page.refusedEvents.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(new Set(names).size).toBe(3);
  expect(names).toHaveLength(3);
  expect(await operator().replayRefusedEvents({})).toMatchObject({ replayed: 3, refused: 0 });
});

test('an event that never came is NOT_FOUND, and one that was understood at once is left alone', async () => {
  await expect(operator().replayRefusedEvents({ name: nameOf('none') })).rejects.toMatchObject({ code: status.NOT_FOUND });
  const id = randomUUID();
  await receive(eventOf(id, {}));
  expect(await operator().replayRefusedEvents({ name: nameOf(id) })).toMatchObject({ replayed: 0, refused: 0 });
  expect(told()).toHaveLength(1);
});

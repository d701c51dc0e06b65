import { randomUUID } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../platform/chassis/process/config.ts';
import { shapeOf } from '../platform/chassis/process/manifest.ts';
import { createOutbox, type Outbox } from '../platform/cloud/events/outbox.ts';
import { maintenanceHandlers } from '../platform/cloud/maintenance.ts';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { MaintenanceService } from '../platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { WebhookService } from '../platform/contracts/gen/types/kumiko/webhook/v1/webhook_pb.js';
import { recordingPublisher } from '../platform/testing/recording-publisher.ts';
import { type ServiceDatabase, startServiceDatabase } from '../platform/testing/service-database.ts';
import { testClient } from '../platform/testing/test-client.ts';
import { manifest } from './manifest.ts';
import { webhookService } from './service.ts';
import { WebhookStore } from './store/store.ts';
import { signed } from './tests/signed.ts';

const secrets = { old: 'the-old-secret-of-yamapay', new: 'the-new-secret-of-yamapay', carrier: 'the-secret-of-hayabusa' };
const { WEBHOOK_PROFILES: profiles } = loadConfig(shapeOf(manifest), {
  WEBHOOK_PROFILES: JSON.stringify([
    { kind: 'payment', name: 'yamapay', header: 'yamapay-signature', toleranceSeconds: 300, secrets: [secrets.new, secrets.old] },
    { kind: 'shipment', name: 'hayabusa', header: 'hayabusa-signature', toleranceSeconds: 300, secrets: [secrets.carrier] },
  ]),
});
const now = new Date('2026-01-02T12:00:00Z');

let spanner: ServiceDatabase;
let outbox: Outbox;
let publisher: ReturnType<typeof recordingPublisher>;
beforeAll(async () => {
  // One transaction in ten is aborted and runs again.
  spanner = await startServiceDatabase({ abortProbability: 0.1 });
});
afterAll(() => spanner?.close());
beforeEach(() => {
  publisher = recordingPublisher();
  outbox = createOutbox({ schema: 'webhook', eventType: EventSchema, database: spanner.database, publisher, now: () => now });
});

const handlers = () =>
  webhookService({ store: new WebhookStore({ database: spanner.database, outbox, now: () => now }), outbox, profiles, now: () => now });

function payment(body: string, signature?: string, provider = 'yamapay') {
  const headers: Record<string, string> = signature === undefined ? {} : { 'yamapay-signature': signature };
  const client = testClient(WebhookService, handlers(), { kind: 'public' }, headers);
  return client.receivePaymentEvent({ provider, payload: { contentType: 'application/json', data: Buffer.from(body) } });
}

function authorized(id: string = randomUUID(), type = 'payment.authorized'): string {
  return JSON.stringify({ id, type, data: { intent: { id: 'pi_1', reference: 'orders/o1', sequence: 2 } } });
}

const stored = async () => (await spanner.rows('SELECT event_id FROM webhook.provider_events')).map(({ event_id }) => event_id as string);
const events = () => publisher.messages.map(({ data }) => fromBinary(EventSchema, data));

describe('a payment webhook', () => {
  test('is stored with its raw bytes before it is acknowledged, and told', async () => {
    const body = ` ${authorized('evt_told')}\n`;
    await payment(body, signed(secrets.new, body, now));
    const [row] = await spanner.rows('SELECT body, type, kind FROM webhook.provider_events WHERE event_id = $1', ['evt_told']);
    expect(row).toMatchObject({ type: 'payment.authorized', kind: 'payment' });
    expect(Buffer.from(row?.['body'] as Uint8Array).toString()).toBe(body);
    expect(events()).toMatchObject([{ aggregate: 'payments/yamapay/pi_1', version: 2n, payload: { case: 'paymentStatusReported' } }]);
    expect(events()[0]?.id.length).toBeLessThanOrEqual(64);
  });

  test('signed with either secret of a rotation is taken', async () => {
    for (const secret of [secrets.old, secrets.new]) {
      const body = authorized();
      await payment(body, signed(secret, body, now));
    }
    expect(events()).toHaveLength(2);
  });

  test('that is not signed by the provider, or too long ago, is UNAUTHENTICATED and leaves nothing', async () => {
    const before = await stored();
    const body = authorized();
    const old = new Date(now.getTime() - 301_000);
    for (const signature of [
      undefined,
      'nonsense',
      signed(secrets.carrier, body, now),
      signed(secrets.new, `${body} `, now),
      signed(secrets.new, body, old),
    ]) {
      const error = await payment(body, signature).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'SIGNATURE_INVALID' });
      // Which check failed is for our log.
      expect(error.message).toBe('the yamapay-signature header does not hold');
    }
    expect(await stored()).toEqual(before);
    expect(events()).toEqual([]);
  });

  test('that comes again, also many times at once, is acknowledged and told once', async () => {
    const body = authorized('evt_twice');
    const signature = signed(secrets.new, body, now);
    await Promise.all(Array.from({ length: 10 }, () => payment(body, signature)));
    await payment(body, signature);
    expect((await stored()).filter((id) => id === 'evt_twice')).toHaveLength(1);
    expect(events()).toHaveLength(1);
  });

  test('of an unknown type is kept and acknowledged', async () => {
    const body = authorized('evt_unknown', 'payment.disputed');
    await payment(body, signed(secrets.new, body, now));
    expect(await stored()).toContain('evt_unknown');
    expect(events()).toEqual([]);
  });

  test('that is no event is INVALID_ARGUMENT', async () => {
    const before = await stored();
    for (const body of ['', 'not json', '{"type":"payment.captured"}', '{"id":"a\\u0000","type":"x"}', '{"id":"a","type":"\\ud800"}']) {
      await expect(payment(body, signed(secrets.new, body, now))).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        fieldViolations: [{ field: 'payload.data' }],
      });
    }
    expect(await stored()).toEqual(before);
  });

  test('of a provider that we do not know is NOT_FOUND', async () => {
    const body = authorized();
    for (const provider of ['unknown', 'hayabusa']) {
      await expect(payment(body, signed(secrets.new, body, now), provider)).rejects.toMatchObject({ code: status.NOT_FOUND });
    }
  });

  test('that cannot be published now is kept for the relay', async () => {
    const body = authorized('evt_relay');
    const { publish } = publisher;
    publisher.publish = () => Promise.reject(new Error('Pub/Sub is down'));
    await payment(body, signed(secrets.new, body, now));
    publisher.publish = publish;
    const relay = testClient(
      MaintenanceService,
      maintenanceHandlers({ outbox, history: { prune: async () => 0, depths: async () => [] } }),
      {
        kind: 'service',
        name: 'job',
      },
    );
    expect(await relay.relayOutbox({ limit: 10 })).toMatchObject({ published: 1, failed: 0 });
    expect(events()).toHaveLength(1);
  });
});

test('a shipment webhook is checked by its carrier’s own header and told', async () => {
  const body = JSON.stringify({ id: 'evt_ship', type: 'shipment.delivered', data: { tracking_number: 'SW1', sequence: 3 } });
  const headers = { 'hayabusa-signature': signed(secrets.carrier, body, now) };
  const client = testClient(WebhookService, handlers(), { kind: 'public' }, headers);
  await client.receiveShipmentEvent({ carrier: 'hayabusa', payload: { data: Buffer.from(body) } });
  expect(events()).toMatchObject([{ aggregate: 'shipments/hayabusa/SW1', version: 3n, payload: { case: 'shipmentStatusReported' } }]);
});

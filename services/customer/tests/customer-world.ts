import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { startPaymentProvider } from '../../../deploy/local/outside-world/payment-provider/payment-provider.ts';
import { systemClock } from '../../../deploy/local/shared/local-server.ts';
import { Secret } from '../../platform/chassis/process/secret.ts';
import { createOutbox } from '../../platform/cloud/events/outbox.ts';
import { maintenanceHandlers } from '../../platform/cloud/maintenance.ts';
import type { Database } from '../../platform/cloud/spanner/database.ts';
import { CustomerService, type OpenGroupResponse, type Order } from '../../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { CustomerInternalService } from '../../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import {
  type Event,
  EventSchema,
  PaymentStatusReported_Status as Status,
} from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { MaintenanceService } from '../../platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { recordingPublisher } from '../../platform/testing/recording-publisher.ts';
import { type ServiceDatabase, startServiceDatabase } from '../../platform/testing/service-database.ts';
import { type TestClient, testClient } from '../../platform/testing/test-client.ts';
import { customerInternalService } from '../internal-service.ts';
import { customerService } from '../service.ts';
import { Settlement } from '../settlement.ts';
import { CustomerStore } from '../store/store.ts';
import { YamapayClient } from '../yamapay-client.ts';

type Payload = NonNullable<MessageInitShape<typeof EventSchema>['payload']>;

/** An entry of the provider's ledger. */
export interface LedgerEntry {
  readonly reference: string;
  readonly type: string;
  readonly amount_micros: string;
}

const key = 'test-key';

/** The customer service on a local Spanner and the local payment provider, with a clock that stands until it is moved. */
export type CustomerWorld = Awaited<ReturnType<typeof startCustomerWorld>>;

/** Starts it. */
export async function startCustomerWorld(options: { abortProbability?: number } = {}) {
  const spanner: ServiceDatabase = await startServiceDatabase(options);
  const stateDir = mkdtempSync(join(tmpdir(), 'customer-world-'));
  const provider = await startPaymentProvider({ port: 0, stateDir, clock: systemClock, key, webhookSecret: 'not-used-here' });
  const providerUrl = `http://127.0.0.1:${provider.port}`;
  const clock = { now: new Date() };
  const now = () => clock.now;
  const publisher = recordingPublisher();
  // Counts what goes to the database in transactions, so that a test can hold the round trips of a request to their number.
  const trips: string[] = [];
  const database: Database = {
    ...spanner.database,
    query: (statement, values) => {
      trips.push(statement.name);
      return spanner.database.query(statement, values);
    },
    transact: async (body) => {
      const counted = await spanner.database.transact((tx) =>
        body({
          query: (statement, values) => {
            trips.push(statement.name);
            return tx.query(statement, values);
          },
          execute: (statement, values) => {
            trips.push(statement.name);
            return tx.execute(statement, values);
          },
          batch: (statements) => {
            trips.push('batch');
            return tx.batch(statements);
          },
        }),
      );
      trips.push('commit');
      return counted;
    },
  };
  const outbox = createOutbox({ schema: 'customer', eventType: EventSchema, database, publisher, now });
  const store = new CustomerStore({ database, outbox, now });
  const yamapay = new YamapayClient({ name: 'yamapay', url: providerUrl, key: new Secret(key) });
  const settlement = new Settlement({ store, provider: yamapay, now });
  const handlers = customerService({ store, outbox, settlement, provider: 'yamapay', now });
  const internalHandlers = customerInternalService({
    store,
    outbox,
    settlement,
    now,
  });
  const internal = testClient(CustomerInternalService, internalHandlers, { kind: 'service', name: 'job' });

  const maintenance = testClient(
    MaintenanceService,
    maintenanceHandlers({ outbox, history: { prune: async () => 0, depths: async () => [] } }),
    {
      kind: 'service',
      name: 'job',
    },
  );

  const as = (id: string): TestClient<typeof CustomerService> => testClient(CustomerService, handlers, { kind: 'customer', id });

  async function call(method: string, path: string, body?: object): Promise<{ status: number; json: Record<string, unknown> }> {
    const response = await fetch(`${providerUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  }

  async function apply(aggregate: string, version: number, payload: Payload, id: string = randomUUID()): Promise<boolean> {
    const event: Event = create(EventSchema, {
      id,
      aggregate,
      version: BigInt(version),
      occurredAt: timestampFromDate(clock.now),
      payload,
    });
    return (await internal.applyEvent({ event })).applied;
  }

  return {
    as,
    internal,
    maintenance,
    store,
    settlement,
    publisher,
    clock,
    trips,
    apply,
    rows: spanner.rows,
    passMinutes(minutes: number): void {
      clock.now = new Date(clock.now.getTime() + minutes * 60_000);
    },
    /** A customer who may order. */
    async customer(id: string): Promise<TestClient<typeof CustomerService>> {
      const client = as(id);
      await client.updateProfile({
        profile: {
          displayName: id,
          shippingAddress: { regionCode: 'JP', postalCode: '150-0001', addressLines: ['1-2-3 Jingumae'], sublocality: 'Harajuku' },
        },
      });
      return client;
    },
    /** A deal on sale, as the partner service tells of it. */
    async deal(
      id: string,
      fields: { stock?: number; groupSize?: number; lifetimeSeconds?: number; version?: number } = {},
    ): Promise<string> {
      const { stock = 100, groupSize = 2, lifetimeSeconds = 3600, version = 1 } = fields;
      await apply(`deals/${id}`, version, {
        case: 'dealPublished',
        value: {
          partner: 'partners/acme',
          title: id,
          price: { currencyCode: 'JPY', units: 1200n },
          groupSize,
          groupLifetime: { seconds: BigInt(lifetimeSeconds) },
          stock: BigInt(stock),
          sku: `sku-${id}`,
        },
      });
      return `deals/${id}`;
    },
    /** The partner hands an order to a carrier. */
    async ship(order: string, trackingNumber = 'SW1', partner = 'partners/acme') {
      return (await internal.shipOrder({ order, partner, carrier: 'hayabusa', trackingNumber })).order;
    },
    /** The app confirms a payment at the provider. */
    async confirm({ payment }: Pick<OpenGroupResponse, 'payment'>, card: 'ok' | 'declined' | 'declined-at-capture' = 'ok'): Promise<void> {
      await call('POST', `/v1/payment_intents/${payment?.id}/confirm`, { client_token: payment?.clientToken, card });
    },
    /** What the provider says now, told as the webhook service would. */
    async report(order: string, eventId?: string): Promise<boolean> {
      const { json } = await call('GET', `/v1/payment_intents?reference=${order}`);
      const [intent] = json['payment_intents'] as { id: string; status: string; sequence: number }[];
      if (intent === undefined) throw new Error(`no payment of ${order}`);
      const status = Status[intent.status.toUpperCase() as keyof typeof Status];
      const value = { provider: 'yamapay', payment: intent.id, order, status, sequence: BigInt(intent.sequence) };
      return apply(`payments/yamapay/${intent.id}`, intent.sequence, { case: 'paymentStatusReported', value }, eventId);
    },
    /** Pays an order: confirmed by the app, told by the webhook. */
    async pay(placed: Pick<OpenGroupResponse, 'payment' | 'order'>, card: 'ok' | 'declined' | 'declined-at-capture' = 'ok'): Promise<void> {
      await this.confirm(placed, card);
      await this.report(placed.order?.name ?? '');
    },
    /** Somebody captures a payment at the provider, past us. */
    async captureAtProvider({ payment }: Pick<OpenGroupResponse, 'payment'>): Promise<void> {
      await call('POST', `/v1/payment_intents/${payment?.id}/capture`, {});
    },
    async ledger(order: string): Promise<string[]> {
      const { json } = await call('GET', `/v1/ledger?reference=${order}`);
      return (json['entries'] as LedgerEntry[]).map(({ type }) => type);
    },
    async faults(faults: object): Promise<void> {
      await call('POST', '/control/faults', faults);
    },
    /** Events of an aggregate that were published, in their order. */
    events(aggregate: string): Event['payload'][] {
      return publisher.messages
        .filter(({ orderingKey }) => orderingKey === aggregate)
        .map(({ data }) => fromBinary(EventSchema, data).payload);
    },
    async close(): Promise<void> {
      await provider.close();
      rmSync(stateDir, { recursive: true, force: true });
      await spanner.close();
    },
  };
}

/** A placement that the service answered whole. */
export function placed<T extends Pick<OpenGroupResponse, 'group' | 'order' | 'payment'>>(response: T) {
  if (response.group === undefined || response.order === undefined) throw new Error('no placement');
  return { ...response, group: response.group, order: response.order as Order, payment: response.payment };
}

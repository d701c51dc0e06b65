import { randomUUID } from 'node:crypto';
import { create, fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { createOutbox } from '../../platform/cloud/events/outbox.ts';
import { maintenanceHandlers } from '../../platform/cloud/maintenance.ts';
import {
  EventSchema,
  ShipmentStatusReported_Status as ShipmentStatus,
} from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { PartnerInternalService } from '../../platform/contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { PartnerService } from '../../platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { MaintenanceService } from '../../platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { recordingPublisher } from '../../platform/testing/recording-publisher.ts';
import { startServiceDatabase } from '../../platform/testing/service-database.ts';
import { type TestClient, testClient } from '../../platform/testing/test-client.ts';
import type { Orders } from '../domain/orders.ts';
import { partnerInternalService } from '../internal-service.ts';
import { partnerService } from '../service.ts';
import { PartnerStore } from '../store/store.ts';

type Payload = NonNullable<MessageInitShape<typeof EventSchema>['payload']>;

/** The partner service on a local Spanner. */
export type PartnerWorld = Awaited<ReturnType<typeof startPartnerWorld>>;

/** A deal that is complete. */
export const lamp = { title: 'Lamp', price: { currencyCode: 'JPY', units: 1200n }, groupSize: 2, stock: 10n, sku: 'lamp-1' };

export const shipTo = {
  regionCode: 'JP',
  postalCode: '150-0001',
  sublocality: 'Jingumae',
  addressLines: ['1-2-3'],
  recipients: ['Alice'],
  organization: 'Acme',
};

/** Starts it. */
export async function startPartnerWorld(options: { abortProbability?: number } = {}) {
  const spanner = await startServiceDatabase(options);
  const { database } = spanner;
  const clock = { now: new Date() };
  const now = () => clock.now;
  const publisher = recordingPublisher();
  const outbox = createOutbox({ schema: 'partner', eventType: EventSchema, database, publisher, now });
  const store = new PartnerStore({ database, outbox, now });
  // The customer service, as far as it matters here: orders that their customers have cancelled.
  const cancelledThere = new Set<string>();
  const askedToShip: string[] = [];
  const orders: Orders = {
    async ship({ id }) {
      askedToShip.push(id);
      return cancelledThere.has(id) ? 'cancelled' : 'shipped';
    },
  };
  const handlers = partnerService({ store, outbox, orders, now });
  const internal = testClient(
    PartnerInternalService,
    partnerInternalService({
      store,
      outbox,
      now,
    }),
    { kind: 'service', name: 'job' },
  );
  const maintenance = testClient(
    MaintenanceService,
    maintenanceHandlers({ outbox, history: { prune: async () => 0, depths: async () => [] } }),
    {
      kind: 'service',
      name: 'job',
    },
  );
  const as = (id: string): TestClient<typeof PartnerService> => testClient(PartnerService, handlers, { kind: 'partner', id });

  async function apply(aggregate: string, version: number, payload: Payload, id: string = randomUUID()): Promise<boolean> {
    const event = create(EventSchema, { id, aggregate, version: BigInt(version), occurredAt: timestampFromDate(clock.now), payload });
    return (await internal.applyEvent({ event })).applied;
  }

  return {
    as,
    internal,
    maintenance,
    clock,
    publisher,
    /** What the customer service knows before the partner hears of it. */
    cancelledThere,
    /** Every order that the customer service was asked about. */
    askedToShip,
    orders,
    apply,
    rows: spanner.rows,
    close: () => spanner.close(),
    passMinutes(minutes: number): void {
      clock.now = new Date(clock.now.getTime() + minutes * 60_000);
    },
    /** A deal as it was written before its price was held to a rule. */
    async setPrice(deal: string, micros: bigint, currency: string): Promise<void> {
      const text = 'UPDATE partner.deals SET price_micros = $2, currency = $3 WHERE id = $1';
      await database.transact((tx) => tx.execute({ name: 'test.setPrice', text }, [deal.slice('deals/'.length), micros, currency]));
    },
    /** The customer service tells of an order that is paid. */
    confirmed(order: string, partner: string, version = 3): Promise<boolean> {
      const total = { currencyCode: 'JPY', units: 2400n };
      return apply(order, version, {
        case: 'orderConfirmed',
        value: { partner: `partners/${partner}`, deal: 'deals/lamp', quantity: 2, total, shipTo },
      });
    },
    cancelled(order: string, partner: string, version = 4): Promise<boolean> {
      return apply(order, version, { case: 'orderCancelled', value: { partner: `partners/${partner}`, reason: 'CUSTOMER' } });
    },
    delivered(trackingNumber: string): Promise<boolean> {
      const value = { carrier: 'hayabusa', trackingNumber, status: ShipmentStatus.DELIVERED };
      return apply(`shipments/hayabusa/${trackingNumber}`, 2, { case: 'shipmentStatusReported', value });
    },
    /** Events of an aggregate that were published, in their order. */
    events(aggregate: string) {
      return publisher.messages
        .filter(({ orderingKey }) => orderingKey === aggregate)
        .map(({ data }) => {
          const { payload, version } = fromBinary(EventSchema, data);
          return { kind: payload.case, value: payload.value, version };
        });
    },
  };
}

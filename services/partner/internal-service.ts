import { microsFromMoney } from '../platform/chassis/api/money.ts';
import { eventRefused, notFound, unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import type { Outbox } from '../platform/cloud/events/outbox.ts';
import { addressOf } from '../platform/contracts/address.ts';
import {
  type Event,
  type OrderConfirmed,
  ShipmentStatusReported_Status as ShipmentStatus,
} from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { PartnerInternalService } from '../platform/contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { type Fulfilment, move } from './domain/fulfilment.ts';
import { fulfilmentRecordMessage, idOf } from './messages.ts';
import type { Committed, PartnerStore } from './store/store.ts';

/** What the handlers need. */
interface PartnerInternalServiceOptions {
  readonly store: PartnerStore;
  readonly outbox: Outbox;
  readonly now: () => Date;
}

/** The handlers of kumiko.partner.v1.PartnerInternalService. */
export function partnerInternalService({ store, outbox, now }: PartnerInternalServiceOptions): Handlers<typeof PartnerInternalService> {
  function publish(call: Call, committed: Committed<unknown> | undefined): void {
    const events = committed?.events ?? [];
    if (events.length > 0) call.afterResponse(() => outbox.publish(events));
  }

  return {
    async applyEvent({ event }, call) {
      const committed = event && (await applyEvent(event));
      publish(call, committed);
      return { applied: committed !== undefined };
    },

    async describeFulfilment({ order: name }) {
      const fulfilment = await store.fulfilment(idOf(name));
      if (fulfilment === undefined) throw notFound(name);
      return fulfilmentRecordMessage(fulfilment);
    },

    async applyStockLevels({ levels }, call) {
      const committed = await store.applyStock(new Map(levels.map(({ sku, stock }) => [sku, stock])));
      publish(call, committed);
      return { updatedDeals: committed.after };
    },
  };

  /**
   * Returns undefined where the event tells nothing new.
   *
   * @throws {RpcError} EVENT_REFUSED for a status that is not known and a kind that is not ours.
   */
  async function applyEvent({ payload, aggregate, version, id }: Event): Promise<Committed<Fulfilment> | undefined> {
    switch (payload.case) {
      case 'orderConfirmed': {
        const confirmed = payload.value;
        return store.changeFulfilment(
          { id: idOf(aggregate) },
          // Known already: a repetition, or the order was cancelled by a later event that came first.
          (before) => (before === undefined ? { after: fulfilmentOf(idOf(aggregate), version, confirmed, now()) } : undefined),
          id,
        );
      }
      case 'orderCancelled': {
        const { partner } = payload.value;
        return store.changeFulfilment(
          { id: idOf(aggregate) },
          (before) => {
            if (before === undefined) return { after: cancelledBefore(idOf(aggregate), version, idOf(partner), now()) };
            const after = before.orderVersion < version ? move(before, 'cancel', { orderVersion: version }) : undefined;
            return after && { after };
          },
          id,
        );
      }
      case 'shipmentStatusReported': {
        const { carrier, trackingNumber, status } = payload.value;
        if (status === ShipmentStatus.IN_TRANSIT) return undefined;
        if (status !== ShipmentStatus.DELIVERED) throw eventRefused(id, `shipment status ${status} is not known`);
        return store.changeFulfilment(
          { carrier, trackingNumber },
          (before) => {
            // The carrier may be faster than the partner's call: the delivery of this event is repeated until the partner has said so.
            if (before === undefined) throw unavailable('no order was shipped with this parcel yet');
            const after = move(before, 'deliver');
            return after && { after, payload: { case: 'orderDelivered', value: {} } };
          },
          id,
        );
      }
      default:
        throw eventRefused(id, `partner takes in no ${payload.case ?? 'event of its kind'}`);
    }
  }
}

function fulfilmentOf(id: string, version: bigint, confirmed: OrderConfirmed, now: Date): Fulfilment {
  const { shipTo, total } = confirmed;
  // Such an order would be paid and never be shown to its partner: left to the dead letters, where people look.
  if (shipTo === undefined || total === undefined) throw new Error(`orders/${id} was confirmed without address or total`);
  return {
    ...cancelledBefore(id, version, idOf(confirmed.partner), now),
    deal: idOf(confirmed.deal),
    quantity: confirmed.quantity,
    totalMicros: microsFromMoney(total, 'event.order_confirmed.total'),
    currency: total.currencyCode,
    shipTo: addressOf(shipTo),
    state: 'TO_SHIP',
  };
}

/** Stands for an order that was cancelled before it was confirmed, so that a confirmation that comes late does not ship it. */
function cancelledBefore(id: string, version: bigint, partner: string, now: Date): Fulfilment {
  return {
    id,
    partner,
    deal: '',
    quantity: 0,
    totalMicros: 0n,
    currency: '',
    shipTo: undefined,
    state: 'CANCELLED',
    carrier: undefined,
    trackingNumber: undefined,
    orderVersion: version,
    version: 1n,
    createTime: now,
    updateTime: now,
  };
}

import { microsFromMoney } from '../platform/chassis/api/money.ts';
import { eventRefused, failedPrecondition, notFound, unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import type { Outbox } from '../platform/cloud/events/outbox.ts';
import type { CustomerInternalService } from '../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { type DealPublished, type Event, PaymentStatusReported_Status } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { noChange } from './domain/change.ts';
import type { Deal } from './domain/group.ts';
import { expireGroup } from './domain/group-lifecycle.ts';
import { applyPaymentNews, cancelOrder, deliverOrder, type PaymentStatus, shipOrder } from './domain/order-lifecycle.ts';
import type { PaymentAction } from './domain/payment-provider.ts';
import { groupMessage, idOf, orderMessage, orderRecordMessage } from './messages.ts';
import type { Attempt, Settlement } from './settlement.ts';
import type { Committed, CustomerStore, OrderDecision } from './store/store.ts';

/** What the handlers need. */
interface CustomerInternalServiceOptions {
  readonly store: CustomerStore;
  readonly outbox: Outbox;
  readonly settlement: Settlement;
  readonly now: () => Date;
}

const paymentStatuses: Readonly<Partial<Record<PaymentStatusReported_Status, PaymentStatus>>> = {
  [PaymentStatusReported_Status.AUTHORIZED]: 'authorized',
  [PaymentStatusReported_Status.DECLINED]: 'declined',
  [PaymentStatusReported_Status.CAPTURED]: 'captured',
  [PaymentStatusReported_Status.VOIDED]: 'voided',
  [PaymentStatusReported_Status.REFUNDED]: 'refunded',
};

/** The handlers of kumiko.customer.v1.CustomerInternalService. */
export function customerInternalService({
  store,
  outbox,
  settlement,
  now,
}: CustomerInternalServiceOptions): Handlers<typeof CustomerInternalService> {
  function publish(call: Call, committed: Committed | undefined): void {
    const events = committed?.events ?? [];
    if (events.length > 0) call.afterResponse(() => outbox.publish(events));
  }

  /** Returns the change, or undefined where there was none. */
  function publishChange(call: Call, committed: Committed | undefined) {
    publish(call, committed);
    return committed?.change === noChange ? undefined : committed?.change;
  }

  async function orderAfter(call: Call, name: string, committed: Committed | undefined) {
    if (committed === undefined) throw notFound(name);
    publish(call, committed);
    const id = idOf(name);
    const order = committed.change.orders.find((changed) => changed.id === id) ?? (await store.order(id));
    if (order === undefined) throw notFound(name);
    return { order: orderMessage(order) };
  }

  async function settle(action: PaymentAction, name: string, attempt: Attempt, call: Call) {
    return orderAfter(call, name, await settlement.settle(action, idOf(name), attempt, call.signal));
  }

  function releaseHold(id: string): Promise<Committed | undefined> {
    return store.changeOrder(id, (order, group) => {
      if (order.state !== 'PENDING_PAYMENT') return noChange;
      if (now() < order.holdExpireTime) throw unavailable(`the hold of orders/${id} is not over`);
      return cancelOrder(order, group, 'HOLD_EXPIRED') ?? noChange;
    });
  }

  function expire(id: string): Promise<Committed | undefined> {
    return store.changeGroup(id, (group, members) => {
      const change = expireGroup(group, members, now());
      if (change === undefined) throw unavailable(`the deadline of groups/${id} has not passed`);
      return change;
    });
  }

  return {
    async applyEvent({ event }, call) {
      if (event === undefined) return { applied: false };
      const committed = await applyEvent(event);
      if (typeof committed === 'boolean') return { applied: committed };
      publish(call, committed);
      return { applied: committed.change !== noChange };
    },

    async shipOrder({ order: name, partner, ...parcel }, call) {
      const committed = await store.changeOrder(idOf(name), (order) => {
        if (order.partner !== idOf(partner)) throw notFound(name);
        const change = shipOrder(order, parcel);
        if (change !== undefined) return change;
        if (order.state === 'CANCELLED') throw failedPrecondition('ORDER_CANCELLED', 'the order was cancelled', { resource: name });
        // Partners hear of orders that are paid.
        throw notFound(name);
      });
      return orderAfter(call, name, committed);
    },

    releaseHold: async ({ order }, call) => orderAfter(call, order, await releaseHold(idOf(order))),

    async expireGroup({ group: name }, call) {
      const committed = await expire(idOf(name));
      if (committed === undefined) throw notFound(name);
      publish(call, committed);
      const found = await store.group(idOf(name), '');
      if (found === undefined) throw notFound(name);
      return { group: groupMessage(found.group, undefined) };
    },

    capturePayment: ({ order, attempt, lastAttempt }, call) => settle('capture', order, { number: attempt, last: lastAttempt }, call),
    voidPayment: ({ order }, call) => settle('void', order, { number: 1, last: false }, call),
    refundPayment: ({ order }, call) => settle('refund', order, { number: 1, last: false }, call),

    async describeOrder({ order: name }) {
      const record = await store.orderRecord(idOf(name));
      if (record === undefined) throw notFound(name);
      return orderRecordMessage(record);
    },

    async sweepOverdue({ limit }, call) {
      const result = { expiredGroups: 0, releasedHolds: 0, createdPaymentIntents: 0 };
      const attempt = async (what: string, work: () => Promise<unknown>): Promise<number> => {
        // What is left waits for the next sweep.
        if (call.signal.aborted) return 0;
        try {
          return (await work()) === undefined ? 0 : 1;
        } catch (error) {
          // One that fails must not keep the others waiting; the next sweep meets it again.
          call.logger.warn({ err: error }, `sweep: ${what} failed`);
          return 0;
        }
      };
      for (const id of await store.overdueGroups(limit)) {
        result.expiredGroups += await attempt('group', async () => publishChange(call, await expire(id)));
      }
      for (const id of await store.overdueHolds(limit)) {
        result.releasedHolds += await attempt('hold', async () => publishChange(call, await releaseHold(id)));
      }
      for (const order of await store.ordersWithoutPayment(limit)) {
        result.createdPaymentIntents += await attempt('payment intent', () => settlement.ensureIntent(order, call.signal));
      }
      for (const order of await store.unsettledOrders(limit)) {
        await attempt('settlement', async () => publishChange(call, await settlement.settleOverdue(order, call.signal)));
      }
      return result;
    },
  };

  /** Changes the order that an event tells of. @throws {RpcError} EVENT_REFUSED where there is none. */
  async function applyToOrder(event: Event, name: string, decide: OrderDecision): Promise<Committed> {
    const committed = await store.changeOrder(idOf(name), decide, event.id);
    if (committed === undefined) throw eventRefused(event.id, `there is no ${name}`);
    return committed;
  }

  /**
   * Returns what an order's transaction wrote, or whether a deal changed.
   *
   * @throws {RpcError} EVENT_REFUSED for an order that does not exist, a status that is not known and a kind that is not ours.
   */
  async function applyEvent(event: Event): Promise<Committed | boolean> {
    const { payload, aggregate, version, id } = event;
    switch (payload.case) {
      case 'dealPublished': {
        const published = payload.value;
        return store.applyDeal(id, idOf(aggregate), version, (before) => dealOf(published, id, idOf(aggregate), version, before, now()));
      }
      case 'dealClosed':
        return store.applyDeal(id, idOf(aggregate), version, (before) => ({
          ...(before ?? closedBefore(idOf(aggregate), now())),
          state: 'CLOSED',
          version,
          updateTime: now(),
        }));
      case 'paymentStatusReported': {
        const { status, sequence, order, payment } = payload.value;
        const reported = paymentStatuses[status];
        if (reported === undefined) throw eventRefused(id, `payment status ${status} is not known`);
        return applyToOrder(event, order, async (current, group, members) =>
          applyPaymentNews(current, group, await members(), { paymentId: payment, status: reported, sequence }, now()),
        );
      }
      case 'orderDelivered':
        return applyToOrder(event, aggregate, deliverOrder);
      default:
        throw eventRefused(id, `customer takes in no ${payload.case ?? 'event of its kind'}`);
    }
  }
}

/** Stands for a deal that was closed before its publication was heard of, so that a publication that comes late does not put it on sale. */
function closedBefore(id: string, now: Date): Deal {
  return {
    id,
    partner: '',
    title: '',
    description: '',
    priceMicros: 0n,
    currency: '',
    groupSize: 0,
    groupLifetimeSeconds: 0,
    stock: 0n,
    reserved: 0n,
    state: 'CLOSED',
    version: 0n,
    publishTime: now,
    updateTime: now,
  };
}

function dealOf(published: DealPublished, event: string, id: string, version: bigint, before: Deal | undefined, now: Date): Deal {
  if (published.price === undefined) throw eventRefused(event, `deals/${id} was published without a price`);
  const priceMicros = microsFromMoney(published.price, 'event.deal_published.price');
  const currency = published.price.currencyCode;
  // Every order of a group is in the currency that its first one was placed in. A deal that was closed before it was published has none.
  if (before !== undefined && before.currency !== '' && before.currency !== currency) {
    throw eventRefused(event, `deals/${id} changes its currency, which must stay ${before.currency}`);
  }
  return {
    id,
    partner: idOf(published.partner),
    title: published.title,
    description: published.description,
    priceMicros,
    currency,
    groupSize: published.groupSize,
    groupLifetimeSeconds: Number(published.groupLifetime?.seconds ?? 0n),
    stock: published.stock,
    reserved: before?.reserved ?? 0n,
    state: 'OPEN',
    version,
    publishTime: before?.publishTime ?? now,
    updateTime: now,
  };
}

import { type Change, noChange, OrderChange } from './change.ts';
import { type Group, isOpen } from './group.ts';
import { completeGroup } from './group-lifecycle.ts';
import { type CancelReason, type Order, orderTransitions } from './order.ts';

/** What the provider says of a payment. */
export type PaymentStatus = 'authorized' | 'declined' | 'captured' | 'voided' | 'refunded';

/** A payment as the provider tells of it. */
export interface PaymentNews {
  /** The provider's id of the payment intent. */
  readonly paymentId: string;
  readonly status: PaymentStatus;
  /** Grows with each status of the payment. */
  readonly sequence: bigint;
}

/**
 * Cancels an order: its place and stock are free again and its money goes back. A complete group stays complete.
 *
 * @returns no change where the order is over, undefined where it can no longer be cancelled.
 */
export function cancelOrder(order: Order, group: Group, reason: CancelReason): Change | undefined {
  if (order.state === 'CANCELLED') return noChange;
  if (orderTransitions[order.state].cancel === undefined) return undefined;
  return cancelled(order, group, new OrderChange(order), reason);
}

/**
 * Takes in what the provider says of an order's payment, be it by webhook or as the answer to a call. Old news, and news of a payment that is not the
 * order's, change nothing. The sequence is remembered only with a transition: what came too early is told again by the answer to our next call.
 */
export function applyPaymentNews(
  order: Order,
  group: Group,
  members: readonly Order[],
  { paymentId, status, sequence }: PaymentNews,
  now: Date,
): Change {
  if (sequence <= order.paymentSequence || (order.paymentId ?? paymentId) !== paymentId) return noChange;
  const change = new OrderChange(order).set({ paymentId, paymentSequence: sequence });
  if (!change.movePayment(status)) return noChange;
  switch (status) {
    case 'authorized':
      return applyAuthorization(change, group, members, now);
    case 'captured': {
      const next = orderTransitions[order.state].confirm;
      if (next === undefined) return only(change.returnMoney());
      return only(change.set({ state: next }).emit(confirmed(change.order)));
    }
    case 'declined':
      if (order.paymentState === 'CAPTURING') change.emit({ case: 'paymentSettled', value: { state: 'CAPTURE_FAILED' } });
      return withoutMoney(change, group);
    case 'voided':
    case 'refunded':
      change.emit({ case: 'paymentSettled', value: { state: change.order.paymentState } });
      return withoutMoney(change, group);
  }
}

/**
 * Gives up on a capture that the provider declined again and again: the order is cancelled, its group stays complete, and what is still reserved on the
 * customer's account is released.
 */
export function giveUpCapture(order: Order, group: Group): Change {
  const change = new OrderChange(order);
  if (!change.movePayment('capture-given-up')) return noChange;
  change.emit({ case: 'paymentSettled', value: { state: 'CAPTURE_FAILED' } });
  change.emit({ case: 'paymentVoidRequested', value: {} });
  return cancelled(order, group, change, 'PAYMENT_DECLINED');
}

/** A carrier's parcel. */
export interface Parcel {
  readonly carrier: string;
  readonly trackingNumber: string;
}

/**
 * Takes in that the partner hands the order to a carrier: from now on it cannot be cancelled. Which parcel it is, is the partner's to say, and to correct.
 *
 * @returns no change where that is known, undefined where the order can not be shipped.
 */
export function shipOrder(order: Order, { carrier, trackingNumber }: Parcel): Change | undefined {
  const isUnderWay = order.state === 'SHIPPED' || order.state === 'DELIVERED';
  const state = isUnderWay ? order.state : orderTransitions[order.state].ship;
  if (state === undefined) return undefined;
  if (isUnderWay && order.carrier === carrier && order.trackingNumber === trackingNumber) return noChange;
  return { ...noChange, orders: [{ ...order, carrier, trackingNumber, state, version: order.version + 1n }] };
}

/** Takes in that the carrier delivered the order. One that is not with the carrier stays as it is. */
export function deliverOrder(order: Order): Change {
  const state = orderTransitions[order.state].deliver;
  return state === undefined ? noChange : { ...noChange, orders: [{ ...order, state, version: order.version + 1n }] };
}

function applyAuthorization(change: OrderChange, group: Group, members: readonly Order[], now: Date): Change {
  const before = change.order;
  const next = orderTransitions[before.state].authorize;
  if (next === undefined) return only(change.returnMoney());
  if (!isOpen(group, now)) return cancelled(before, group, change, 'GROUP_EXPIRED');
  change.set({ state: next, version: before.version + 1n });
  const authorizedGroup = { ...group, authorized: group.authorized + 1, version: group.version + 1n };
  if (authorizedGroup.authorized < group.size) {
    return { orders: [change.order], group: authorizedGroup, releasedUnits: 0, events: change.events };
  }
  return completeGroup(authorizedGroup, [...members.filter((member) => member.id !== before.id), change.order]);
}

/** The order whose payment has ended without money for us: cancelled, unless it is over or the goods are on their way. */
function withoutMoney(change: OrderChange, group: Group): Change {
  const { order } = change;
  return orderTransitions[order.state].cancel === undefined ? only(change) : cancelled(order, group, change, 'PAYMENT_DECLINED');
}

/** A change of the order alone. */
function only(change: OrderChange): Change {
  return { orders: [change.order], group: undefined, releasedUnits: 0, events: change.events };
}

/** A cancellation with what it frees. `before` tells which place the order took. */
function cancelled(before: Order, group: Group, change: OrderChange, reason: CancelReason): Change {
  change.set({ state: 'CANCELLED', cancelReason: reason });
  change.emit({ case: 'orderCancelled', value: { partner: `partners/${before.partner}`, reason } }).returnMoney();
  const authorized = group.authorized - (before.state === 'AUTHORIZED' ? 1 : 0);
  return {
    orders: [change.order],
    group: group.state === 'OPEN' ? { ...group, taken: group.taken - 1, authorized, version: group.version + 1n } : undefined,
    releasedUnits: before.quantity,
    events: change.events,
  };
}

function confirmed(order: Order) {
  return {
    case: 'orderConfirmed' as const,
    value: {
      partner: `partners/${order.partner}`,
      deal: `deals/${order.deal}`,
      quantity: order.quantity,
      total: { currencyCode: order.currency, units: order.totalMicros / 1_000_000n, nanos: Number(order.totalMicros % 1_000_000n) * 1000 },
      shipTo: { ...order.shipTo, addressLines: [...order.shipTo.addressLines], recipients: [...order.shipTo.recipients] },
    },
  };
}

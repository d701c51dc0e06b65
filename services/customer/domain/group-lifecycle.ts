import type { Address } from '../../platform/contracts/address.ts';
import { isPayable } from '../../platform/contracts/currencies.ts';
import { type Change, type DomainEvent, noChange, OrderChange } from './change.ts';
import { availableUnits, type Deal, type Group, groupTransitions, isOpen } from './group.ts';
import { holdMs, isActive, type Order } from './order.ts';

/** Why an order cannot be placed. */
export type Refusal =
  | 'DEAL_CLOSED'
  | 'OUT_OF_STOCK'
  | 'GROUP_FULL'
  | 'GROUP_EXPIRED'
  | 'GROUP_COMPLETED'
  | 'ALREADY_MEMBER'
  | 'SHIPPING_ADDRESS_REQUIRED';

/** A placement that the rules refuse. */
export class PlacementRefused extends Error {
  override readonly name = 'PlacementRefused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal);
    this.refusal = refusal;
  }
}

/** Who orders, and how much. */
export interface Placement {
  readonly customer: string;
  readonly shipTo: Address | undefined;
  readonly quantity: number;
  /** Ids for what is made. */
  readonly orderId: string;
  readonly now: Date;
  /** The trace of the request. */
  readonly traceparent?: string | undefined;
}

/**
 * Opens a group with its first order. The new group's version is 1.
 *
 * @throws {PlacementRefused}
 */
export function openGroup(deal: Deal, groupId: string, placement: Placement): Change {
  if (deal.state !== 'OPEN') throw new PlacementRefused('DEAL_CLOSED');
  const group: Group = {
    id: groupId,
    deal: deal.id,
    state: 'OPEN',
    size: deal.groupSize,
    taken: 0,
    authorized: 0,
    expireTime: new Date(placement.now.getTime() + deal.groupLifetimeSeconds * 1000),
    version: 0n,
    updateTime: placement.now,
  };
  const placed = placeOrder(deal, group, placement);
  const opened: DomainEvent = {
    aggregate: `groups/${group.id}`,
    version: 1n,
    payload: { case: 'groupOpened', value: { deal: `deals/${deal.id}`, expireTime: timestamp(group.expireTime) } },
  };
  return { ...placed, events: [opened, ...placed.events] };
}

/**
 * Takes a place in a group, and stock of its deal, for the time of the hold. Open groups go on where the deal is closed.
 *
 * @throws {PlacementRefused}
 */
export function placeOrder(deal: Deal, group: Group, placement: Placement): Change {
  const { now, quantity, customer, shipTo, traceparent } = placement;
  const totalMicros = deal.priceMicros * BigInt(quantity);
  // A deal that went on sale before prices were held to what can be paid.
  if (!isPayable(totalMicros, deal.currency)) throw new PlacementRefused('DEAL_CLOSED');
  if (shipTo === undefined) throw new PlacementRefused('SHIPPING_ADDRESS_REQUIRED');
  if (group.state === 'COMPLETED') throw new PlacementRefused('GROUP_COMPLETED');
  if (!isOpen(group, now)) throw new PlacementRefused('GROUP_EXPIRED');
  if (group.taken >= group.size) throw new PlacementRefused('GROUP_FULL');
  if (availableUnits(deal) < BigInt(quantity)) throw new PlacementRefused('OUT_OF_STOCK');
  const holdExpireTime = new Date(Math.min(now.getTime() + holdMs, group.expireTime.getTime()));
  const change = new OrderChange({
    id: placement.orderId,
    customer,
    group: group.id,
    deal: deal.id,
    partner: deal.partner,
    quantity,
    totalMicros,
    currency: deal.currency,
    shipTo,
    state: 'PENDING_PAYMENT',
    paymentState: 'PENDING',
    cancelReason: undefined,
    paymentId: undefined,
    paymentClientToken: undefined,
    paymentSequence: 0n,
    carrier: undefined,
    trackingNumber: undefined,
    holdExpireTime,
    createTime: now,
    updateTime: now,
    version: 0n,
    traceparent,
  }).emit({ case: 'orderPlaced', value: { group: `groups/${group.id}`, holdExpireTime: timestamp(holdExpireTime) } });
  return {
    orders: [change.order],
    group: { ...group, taken: group.taken + 1, version: group.version + 1n, updateTime: now },
    releasedUnits: -quantity,
    events: change.events,
  };
}

/** Completes a group: each authorised order's payment is to be captured. */
export function completeGroup(group: Group, members: readonly Order[]): Change {
  const state = groupTransitions[group.state].complete;
  if (state === undefined) return noChange;
  const orders = members
    .filter((order) => order.state === 'AUTHORIZED')
    .map((order) => {
      const change = new OrderChange({ ...order, version: order.version + 1n });
      change.movePayment('request-capture');
      return change.order;
    });
  const completed: Group = { ...group, state, version: group.version + 1n };
  const event: DomainEvent = {
    aggregate: `groups/${group.id}`,
    version: completed.version,
    payload: { case: 'groupCompleted', value: { orders: orders.map((order) => `orders/${order.id}`) } },
  };
  return { orders, group: completed, releasedUnits: 0, events: [event] };
}

/**
 * Expires a group that is not complete at its deadline: its orders are cancelled and what is authorised is voided.
 *
 * @returns no change where the group is complete or expired already, undefined where its deadline has not passed.
 */
export function expireGroup(group: Group, members: readonly Order[], now: Date): Change | undefined {
  const state = groupTransitions[group.state].expire;
  if (state === undefined) return noChange;
  if (now < group.expireTime) return undefined;
  const changes = members.filter(isActive).map((order) => {
    const change = new OrderChange(order).set({ state: 'CANCELLED', cancelReason: 'GROUP_EXPIRED' });
    return change.emit({ case: 'orderCancelled', value: { partner: `partners/${order.partner}`, reason: 'GROUP_EXPIRED' } }).returnMoney();
  });
  const expired: Group = { ...group, state, version: group.version + 1n };
  const event: DomainEvent = {
    aggregate: `groups/${group.id}`,
    version: expired.version,
    payload: {
      case: 'groupExpired',
      value: { orders: changes.filter(({ order }) => order.paymentState === 'VOIDING').map(({ order }) => `orders/${order.id}`) },
    },
  };
  return {
    orders: changes.map(({ order }) => order),
    group: expired,
    releasedUnits: changes.reduce((units, { order }) => units + order.quantity, 0),
    events: [event, ...changes.flatMap(({ events }) => events)],
  };
}

function timestamp(date: Date) {
  const ms = date.getTime();
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}

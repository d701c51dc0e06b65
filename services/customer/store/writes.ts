import type { Statement, Value } from '../../platform/cloud/spanner/database.ts';
import type { Deal, Group } from '../domain/group.ts';
import { isActive, type Order } from '../domain/order.ts';
import { statements } from './statements.ts';

/** A statement with its values, for a batch. */
export type Write = readonly [Statement, readonly Value[]];

/** A new order. */
export function orderInsert(order: Order): Write {
  return [
    statements.insertOrder,
    [
      order.id,
      order.customer,
      order.group,
      order.deal,
      order.partner,
      order.quantity,
      order.totalMicros,
      order.currency,
      { ...order.shipTo },
      order.state,
      order.paymentState,
      order.paymentSequence,
      order.holdExpireTime,
      order.createTime,
      order.version,
      order.traceparent ?? null,
    ],
  ];
}

/** How long a payment's task may try before the sweep steps in: longer than its attempts take. */
const settleAfterMs = 15 * 60_000;

/** Everything of an order that changes. */
export function orderUpdate(order: Order, now: Date): Write {
  return [
    statements.updateOrder,
    [
      order.id,
      isActive(order) ? order.customer : null,
      order.state,
      order.paymentState,
      order.cancelReason ?? null,
      order.paymentId ?? null,
      order.paymentSequence,
      order.carrier ?? null,
      order.trackingNumber ?? null,
      order.version,
      new Date(now.getTime() + settleAfterMs),
    ],
  ];
}

/** A new group. */
export function groupInsert(group: Group): Write {
  return [
    statements.insertGroup,
    [group.id, group.deal, group.state, group.size, group.taken, group.authorized, group.expireTime, group.version],
  ];
}

/** Everything of a group that changes. */
export function groupUpdate(group: Group): Write {
  return [statements.updateGroup, [group.id, group.state, group.taken, group.authorized, group.version]];
}

/** A new deal, of which nothing is reserved. */
export function dealInsert(deal: Deal): Write {
  return [
    statements.insertDeal,
    [
      deal.id,
      deal.partner,
      deal.title,
      deal.description,
      deal.priceMicros,
      deal.currency,
      deal.groupSize,
      deal.groupLifetimeSeconds,
      deal.stock,
      deal.state,
      deal.version,
      deal.publishTime,
    ],
  ];
}

/** Everything that the partner service says of a deal; what is reserved stays. */
export function dealUpdate(deal: Deal): Write {
  return [
    statements.updateDeal,
    [
      deal.id,
      deal.title,
      deal.description,
      deal.priceMicros,
      deal.currency,
      deal.groupSize,
      deal.groupLifetimeSeconds,
      deal.stock,
      deal.state,
      deal.version,
    ],
  ];
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { etagOf } from '../platform/chassis/api/etag.ts';
import { moneyFromMicros } from '../platform/chassis/api/money.ts';
import { addressMessage } from '../platform/contracts/address.ts';
import type { OrderRecordSchema } from '../platform/contracts/gen/types/kumiko/customer/v1/admin_pb.js';
import {
  Deal_State,
  type DealSchema,
  Group_State,
  type GroupSchema,
  Order_CancelReason,
  Order_PaymentState,
  Order_State,
  type OrderSchema,
  type ProfileSchema,
} from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { parseTraceparent } from '../platform/contracts/traceparent.ts';
import { availableUnits, type Deal, type Group } from './domain/group.ts';
import type { Order } from './domain/order.ts';
import type { OrderRecord, Profile } from './store/store.ts';

/** The name of a customer's profile. */
export function profileName(customer: string): string {
  return `customers/${customer}`;
}

/** A profile as the API shows it. */
export function profileMessage(profile: Profile): MessageInitShape<typeof ProfileSchema> {
  return {
    name: profileName(profile.id),
    displayName: profile.displayName,
    ...(profile.shippingAddress === undefined ? {} : { shippingAddress: addressMessage(profile.shippingAddress) }),
    etag: etagOf(profileName(profile.id), profile.version),
    ...(profile.updateTime === undefined ? {} : { updateTime: timestampFromDate(profile.updateTime) }),
  };
}

/** A deal as the API shows it. */
export function dealMessage(deal: Deal): MessageInitShape<typeof DealSchema> {
  return {
    name: `deals/${deal.id}`,
    partner: `partners/${deal.partner}`,
    title: deal.title,
    description: deal.description,
    price: moneyFromMicros(deal.priceMicros, deal.currency),
    groupSize: deal.groupSize,
    available: availableUnits(deal),
    state: Deal_State[deal.state],
    publishTime: timestampFromDate(deal.publishTime),
    updateTime: timestampFromDate(deal.updateTime),
  };
}

/** A group as the API shows it to a customer with or without an order in it. */
export function groupMessage(group: Group, ownOrder: string | undefined): MessageInitShape<typeof GroupSchema> {
  return {
    name: `groups/${group.id}`,
    deal: `deals/${group.deal}`,
    state: Group_State[group.state],
    size: group.size,
    taken: group.taken,
    authorized: group.authorized,
    expireTime: timestampFromDate(group.expireTime),
    ownOrder: ownOrder === undefined ? '' : `orders/${ownOrder}`,
    updateTime: timestampFromDate(group.updateTime),
  };
}

/** An order as the API shows it to its customer. */
export function orderMessage(order: Order): MessageInitShape<typeof OrderSchema> {
  return {
    name: `orders/${order.id}`,
    group: `groups/${order.group}`,
    deal: `deals/${order.deal}`,
    quantity: order.quantity,
    total: moneyFromMicros(order.totalMicros, order.currency),
    state: Order_State[order.state],
    paymentState: Order_PaymentState[order.paymentState],
    cancelReason: Order_CancelReason[order.cancelReason ?? 'UNSPECIFIED'],
    createTime: timestampFromDate(order.createTime),
    ...(order.state === 'PENDING_PAYMENT' ? { holdExpireTime: timestampFromDate(order.holdExpireTime) } : {}),
    carrier: order.carrier ?? '',
    trackingNumber: order.trackingNumber ?? '',
    updateTime: timestampFromDate(order.updateTime),
  };
}

/** An order as operators see it. */
export function orderRecordMessage(record: OrderRecord): MessageInitShape<typeof OrderRecordSchema> {
  const { settleDueTime } = record;
  return {
    order: orderMessage(record),
    customer: `customers/${record.customer}`,
    partner: `partners/${record.partner}`,
    payment: record.paymentId ?? '',
    paymentSequence: record.paymentSequence,
    ...(settleDueTime !== undefined && { settleDueTime: timestampFromDate(settleDueTime) }),
    version: record.version,
    trace: parseTraceparent(record.traceparent)?.traceId ?? '',
  };
}

/** The id in a resource name: "x" of "deals/x". The name's form has been validated. */
export function idOf(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

import { create, equals, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { etagOf } from '../platform/chassis/api/etag.ts';
import { microsFromMoney, moneyFromMicros } from '../platform/chassis/api/money.ts';
import { addressMessage } from '../platform/contracts/address.ts';
import { type Money, MoneySchema } from '../platform/contracts/gen/types/google/type/money_pb.js';
import type { FulfilmentRecordSchema } from '../platform/contracts/gen/types/kumiko/partner/v1/admin_pb.js';
import {
  Deal_State,
  type Deal as DealMessage,
  type DealSchema,
  Order_State,
  type OrderSchema,
} from '../platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import type { Deal } from './domain/deal.ts';
import type { Fulfilment } from './domain/fulfilment.ts';

/** How long a group stays open where the partner does not say. */
const defaultGroupLifetimeSeconds = 86_400;

/** The fields of a deal that its partner sets, by their names in the proto. */
export const partnersFields = ['title', 'description', 'price', 'group_size', 'group_lifetime', 'stock', 'sku'] as const;

/** A deal as the API shows it to its partner. */
export function dealMessage(deal: Deal): MessageInitShape<typeof DealSchema> {
  return {
    name: `deals/${deal.id}`,
    title: deal.title,
    description: deal.description,
    price: moneyFromMicros(deal.priceMicros, deal.currency),
    groupSize: deal.groupSize,
    groupLifetime: { seconds: BigInt(deal.groupLifetimeSeconds) },
    stock: deal.stock,
    sku: deal.sku,
    state: Deal_State[deal.state],
    createTime: timestampFromDate(deal.createTime),
    updateTime: timestampFromDate(deal.updateTime),
    etag: etagOf(`deals/${deal.id}`, deal.version),
  };
}

/**
 * What the partner says of a deal. A price that is the one `before` it is not judged again: the deal may be older than the rule.
 *
 * @throws {RpcError} INVALID_ARGUMENT for a price that nobody can pay.
 */
export function partnersPart(message: DealMessage, before?: Price) {
  return {
    title: message.title,
    description: message.description,
    ...priceOf(message.price, before),
    groupSize: message.groupSize,
    groupLifetimeSeconds: Number(message.groupLifetime?.seconds ?? 0n) || defaultGroupLifetimeSeconds,
    stock: message.stock,
    sku: message.sku,
  };
}

type Price = Pick<Deal, 'priceMicros' | 'currency'>;

function priceOf(price: Money | undefined, before: Price | undefined): Price {
  if (price === undefined) return { priceMicros: 0n, currency: '' };
  if (before !== undefined) {
    const { priceMicros, currency } = before;
    if (equals(MoneySchema, price, create(MoneySchema, moneyFromMicros(priceMicros, currency)))) return { priceMicros, currency };
  }
  return { priceMicros: microsFromMoney(price, 'deal.price'), currency: price.currencyCode };
}

/** An order as the API shows it to its partner. */
export function orderMessage(fulfilment: Fulfilment): MessageInitShape<typeof OrderSchema> {
  const { shipTo } = fulfilment;
  return {
    name: `orders/${fulfilment.id}`,
    deal: `deals/${fulfilment.deal}`,
    quantity: fulfilment.quantity,
    total: moneyFromMicros(fulfilment.totalMicros, fulfilment.currency),
    ...(shipTo === undefined ? {} : { shipTo: addressMessage(shipTo) }),
    state: Order_State[fulfilment.state],
    carrier: fulfilment.carrier ?? '',
    trackingNumber: fulfilment.trackingNumber ?? '',
    createTime: timestampFromDate(fulfilment.createTime),
    updateTime: timestampFromDate(fulfilment.updateTime),
  };
}

/** An order as operators see it, also one that was cancelled before its partner heard of it. */
export function fulfilmentRecordMessage(fulfilment: Fulfilment): MessageInitShape<typeof FulfilmentRecordSchema> {
  return {
    partner: `partners/${fulfilment.partner}`,
    state: Order_State[fulfilment.state],
    carrier: fulfilment.carrier ?? '',
    trackingNumber: fulfilment.trackingNumber ?? '',
    createTime: timestampFromDate(fulfilment.createTime),
    updateTime: timestampFromDate(fulfilment.updateTime),
    orderVersion: fulfilment.orderVersion,
  };
}

/** The id in a resource name: "x" of "deals/x". The name's form has been validated. */
export function idOf(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

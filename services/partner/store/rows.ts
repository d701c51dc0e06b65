import type { Row, Statement, Value } from '../../platform/cloud/spanner/database.ts';
import type { Deal, DealState } from '../domain/deal.ts';
import type { Address, Fulfilment, FulfilmentState } from '../domain/fulfilment.ts';
import { statements } from './statements.ts';

/** A statement with its values, for a batch. */
export type Write = readonly [Statement, readonly Value[]];

/** The deal in a row. */
export function dealOf(row: Row): Deal {
  return {
    id: row.id as string,
    partner: row.partner as string,
    title: row.title as string,
    description: row.description as string,
    priceMicros: row.price_micros as bigint,
    currency: row.currency as string,
    groupSize: Number(row.group_size),
    groupLifetimeSeconds: Number(row.group_lifetime_seconds),
    stock: row.stock as bigint,
    sku: row.sku as string,
    state: row.state as DealState,
    version: row.version as bigint,
    createTime: row.create_time as Date,
  };
}

/** The fulfilment in a row. */
export function fulfilmentOf(row: Row): Fulfilment {
  return {
    id: row.id as string,
    partner: row.partner as string,
    deal: row.deal as string,
    quantity: Number(row.quantity),
    totalMicros: row.total_micros as bigint,
    currency: row.currency as string,
    shipTo: (row.ship_to as Address | null) ?? undefined,
    state: row.state as FulfilmentState,
    carrier: (row.carrier as string | null) ?? undefined,
    trackingNumber: (row.tracking_number as string | null) ?? undefined,
    orderVersion: row.order_version as bigint,
    version: row.version as bigint,
    createTime: row.create_time as Date,
  };
}

/** A new deal. */
export function dealInsert(deal: Deal): Write {
  const [id, ...changing] = dealValues(deal);
  return [statements.insertDeal, [id ?? null, deal.partner, ...changing, deal.createTime]];
}

/** Everything of a deal that changes. */
export function dealUpdate(deal: Deal): Write {
  return [statements.updateDeal, dealValues(deal)];
}

/** Takes the next number for a change of a partner's fulfilments. Before the change itself, in its transaction. */
export function changeCount(partner: string): readonly Write[] {
  return [
    [statements.ensureCounter, [partner]],
    [statements.countChange, [partner]],
  ];
}

/** A new fulfilment. */
export function fulfilmentInsert(fulfilment: Fulfilment): Write {
  return [
    statements.insertFulfilment,
    [
      fulfilment.id,
      fulfilment.partner,
      fulfilment.deal,
      fulfilment.quantity,
      fulfilment.totalMicros,
      fulfilment.currency,
      fulfilment.shipTo === undefined ? null : { ...fulfilment.shipTo },
      fulfilment.state,
      fulfilment.carrier ?? null,
      fulfilment.trackingNumber ?? null,
      fulfilment.orderVersion,
      fulfilment.version,
      fulfilment.createTime,
    ],
  ];
}

/** Everything of a fulfilment that changes. */
export function fulfilmentUpdate(fulfilment: Fulfilment): Write {
  return [
    statements.updateFulfilment,
    [
      fulfilment.id,
      fulfilment.state,
      fulfilment.carrier ?? null,
      fulfilment.trackingNumber ?? null,
      fulfilment.orderVersion,
      fulfilment.version,
      fulfilment.partner,
    ],
  ];
}

function dealValues(deal: Deal): Value[] {
  return [
    deal.id,
    deal.title,
    deal.description,
    deal.priceMicros,
    deal.currency,
    deal.groupSize,
    deal.groupLifetimeSeconds,
    deal.stock,
    deal.sku,
    deal.state,
    deal.version,
  ];
}

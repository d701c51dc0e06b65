import type { Row } from '../../platform/cloud/spanner/database.ts';
import type { Deal, Group, GroupState } from '../domain/group.ts';
import type { Address, CancelReason, Order, OrderState, PaymentState } from '../domain/order.ts';

/** The order in a row of columns "o_…". */
export function orderOf(row: Row): Order {
  return {
    id: row.o_id as string,
    customer: row.o_customer as string,
    group: row.o_group_id as string,
    deal: row.o_deal as string,
    partner: row.o_partner as string,
    quantity: Number(row.o_quantity),
    totalMicros: row.o_total_micros as bigint,
    currency: row.o_currency as string,
    shipTo: row.o_ship_to as Address,
    state: row.o_state as OrderState,
    paymentState: row.o_payment_state as PaymentState,
    cancelReason: (row.o_cancel_reason as CancelReason | null) ?? undefined,
    paymentId: (row.o_payment_id as string | null) ?? undefined,
    paymentClientToken: (row.o_payment_client_token as string | null) ?? undefined,
    paymentSequence: row.o_payment_sequence as bigint,
    carrier: (row.o_carrier as string | null) ?? undefined,
    trackingNumber: (row.o_tracking_number as string | null) ?? undefined,
    holdExpireTime: row.o_hold_expire_time as Date,
    createTime: row.o_create_time as Date,
    version: row.o_version as bigint,
    traceparent: (row.o_traceparent as string | null) ?? undefined,
  };
}

/** The group in a row of columns "g_…". */
export function groupOf(row: Row): Group {
  return {
    id: row.g_id as string,
    deal: row.g_deal as string,
    state: row.g_state as GroupState,
    size: Number(row.g_size),
    taken: Number(row.g_taken),
    authorized: Number(row.g_authorized),
    expireTime: row.g_expire_time as Date,
    version: row.g_version as bigint,
  };
}

/** The deal in a row of columns "d_…". */
export function dealOf(row: Row): Deal {
  return {
    id: row.d_id as string,
    partner: row.d_partner as string,
    title: row.d_title as string,
    description: row.d_description as string,
    priceMicros: row.d_price_micros as bigint,
    currency: row.d_currency as string,
    groupSize: Number(row.d_group_size),
    groupLifetimeSeconds: Number(row.d_group_lifetime_seconds),
    stock: row.d_stock as bigint,
    reserved: row.d_reserved as bigint,
    state: row.d_state as Deal['state'],
    version: row.d_version as bigint,
    publishTime: row.d_publish_time as Date,
  };
}

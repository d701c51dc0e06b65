import { defineStatements } from '../../platform/cloud/spanner/database.ts';
import { address } from '../../platform/cloud/spanner/tables/address.ts';
import { bigint, enumeration, integer, optional, text, timestamp } from '../../platform/cloud/spanner/tables/columns.ts';
import { list } from '../../platform/cloud/spanner/tables/list.ts';
import { dml, exclusive, insert, join, select, update } from '../../platform/cloud/spanner/tables/statements.ts';
import { table } from '../../platform/cloud/spanner/tables/table.ts';
import { dealStates, groupTransitions } from '../domain/group.ts';
import { cancelReasons, orderTransitions, paymentTransitions } from '../domain/order.ts';

export const customers = table('customer', 'customers', {
  key: ['id'],
  columns: {
    id: text('id'),
    displayName: text('display_name'),
    shippingAddress: optional(address('shipping_address')),
    version: bigint('version'),
    updateTime: timestamp('update_time'),
  },
});

export const deals = table('customer', 'deal_allocations', {
  key: ['id'],
  columns: {
    id: text('id'),
    partner: text('partner'),
    title: text('title'),
    description: text('description'),
    priceMicros: bigint('price_micros'),
    currency: text('currency'),
    groupSize: integer('group_size'),
    groupLifetimeSeconds: integer('group_lifetime_seconds'),
    stock: bigint('stock'),
    reserved: bigint('reserved'),
    state: enumeration('state', dealStates),
    version: bigint('version'),
    publishTime: timestamp('publish_time'),
    updateTime: timestamp('update_time'),
  },
});

export const groups = table('customer', 'groups', {
  key: ['id'],
  columns: {
    id: text('id'),
    deal: text('deal'),
    state: enumeration('state', groupTransitions),
    size: integer('size'),
    taken: integer('taken'),
    authorized: integer('authorized'),
    expireTime: timestamp('expire_time'),
    version: bigint('version'),
    updateTime: timestamp('update_time'),
  },
});

export const orders = table('customer', 'orders', {
  key: ['id'],
  columns: {
    id: text('id'),
    customer: text('customer'),
    activeCustomer: optional(text('active_customer')),
    group: text('group_id'),
    deal: text('deal'),
    partner: text('partner'),
    quantity: integer('quantity'),
    totalMicros: bigint('total_micros'),
    currency: text('currency'),
    shipTo: address('ship_to'),
    state: enumeration('state', orderTransitions),
    paymentState: enumeration('payment_state', paymentTransitions),
    cancelReason: optional(enumeration('cancel_reason', cancelReasons)),
    paymentId: optional(text('payment_id')),
    paymentClientToken: optional(text('payment_client_token')),
    paymentSequence: bigint('payment_sequence'),
    carrier: optional(text('carrier')),
    trackingNumber: optional(text('tracking_number')),
    holdExpireTime: timestamp('hold_expire_time'),
    createTime: timestamp('create_time'),
    updateTime: timestamp('update_time'),
    version: bigint('version'),
    settleDueTime: optional(timestamp('settle_due_time')),
    traceparent: optional(text('traceparent')),
  },
});

// What the database keeps of an order for itself follows from the rest.
const order = orders.without('activeCustomer', 'settleDueTime');

/** Every SQL text of the customer service. */
export const statements = defineStatements('customer', {
  selectProfile: select(customers, 'WHERE id = $customer'),
  lockProfile: select(customers, 'WHERE id = $customer', exclusive),
  insertProfile: insert(customers),
  updateProfile: update(customers, ['displayName', 'shippingAddress', 'version', 'updateTime']),

  // Without a partner it only says that the deal was closed before its publication was heard of.
  selectDeal: select(deals, "WHERE id = $deal AND partner <> ''"),
  lockDeal: select(deals, 'WHERE id = $deal', exclusive),
  listDeals: list(deals, "state = 'OPEN'", { time: 'publishTime', filterable: ['partner', 'publishTime'] }),
  insertDeal: insert(deals),
  // Everything that the partner service says of a deal; what is reserved stays.
  updateDeal: update(deals, [
    'title',
    'description',
    'priceMicros',
    'currency',
    'groupSize',
    'groupLifetimeSeconds',
    'stock',
    'state',
    'version',
    'updateTime',
  ]),
  reserveUnits: dml('UPDATE customer.deal_allocations SET reserved = reserved + $units, update_time = $now WHERE id = $deal'),

  // All that a placement needs to know, in one round trip.
  selectOpening: join(
    { deal: deals.as('d'), customer: customers.pick('shippingAddress').as('c') },
    `FROM customer.deal_allocations d LEFT JOIN customer.customers c ON c.id = $customer
    WHERE d.id = $target AND d.partner <> ''`,
    exclusive,
  ),
  selectJoining: join(
    { group: groups.as('g'), deal: deals.as('d'), customer: customers.pick('shippingAddress').as('c'), own: orders.pick('id').outer('o') },
    `FROM customer.groups g
    JOIN customer.deal_allocations d ON d.id = g.deal
    LEFT JOIN customer.customers c ON c.id = $customer
    LEFT JOIN customer.orders o ON o.group_id = g.id AND o.active_customer = $customer
    WHERE g.id = $target`,
    exclusive,
  ),

  selectGroupFor: join(
    { group: groups.as('g'), own: orders.pick('id').outer('o') },
    `FROM customer.groups g
    LEFT JOIN customer.orders o ON o.group_id = g.id AND o.active_customer = $customer WHERE g.id = $group`,
  ),
  selectMembership: select(orders.pick('id'), 'WHERE group_id = $group AND customer = $customer LIMIT 1'),
  lockGroup: select(groups, 'WHERE id = $group', exclusive),
  insertGroup: insert(groups),
  updateGroup: update(groups, ['state', 'taken', 'authorized', 'version', 'updateTime']),
  listOverdue: list(groups, "state = 'OPEN' AND expire_time <= $now", { time: 'expireTime', filterable: [] }),
  listOverdueGroups: select(groups.pick('id'), "WHERE state = 'OPEN' AND expire_time <= $now ORDER BY expire_time LIMIT $limit"),

  selectOrder: select(order, 'WHERE id = $order'),
  selectOrderRecord: select(orders.without('activeCustomer'), 'WHERE id = $order'),
  lockOrder: join(
    { order: order.as('o'), group: groups.as('g') },
    'FROM customer.orders o JOIN customer.groups g ON g.id = o.group_id WHERE o.id = $order',
    exclusive,
  ),
  lockMembers: select(order, 'WHERE group_id = $group ORDER BY id', exclusive),
  listOrders: list(order, 'customer = $customer', { time: 'createTime', filterable: [] }),
  insertOrder: insert(orders),
  // Until settle_due_time the task that settles the payment is left to itself; the state's first transaction sets it.
  updateOrder: update(
    orders,
    [
      'activeCustomer',
      'state',
      'cancelReason',
      'paymentId',
      'paymentSequence',
      'carrier',
      'trackingNumber',
      'version',
      'paymentState',
      'updateTime',
    ],
    {
      settleDueTime: `CASE
      WHEN $paymentState IN ('CAPTURING', 'VOIDING', 'REFUNDING') AND payment_state = $paymentState THEN settle_due_time
      WHEN $paymentState IN ('CAPTURING', 'VOIDING', 'REFUNDING') OR ($paymentState = 'FAILED' AND payment_state = 'CAPTURING')
        THEN $nextSettleDueTime END`,
    },
  ),
  endSettlement: dml("UPDATE customer.orders SET settle_due_time = NULL WHERE id = $order AND payment_state = 'FAILED'"),
  setPayment: dml(
    `UPDATE customer.orders SET payment_id = $payment, payment_client_token = $clientToken WHERE id = $order AND payment_id IS NULL`,
  ),
  listOverdueHolds: select(
    orders.pick('id'),
    "WHERE state = 'PENDING_PAYMENT' AND hold_expire_time <= $now ORDER BY hold_expire_time LIMIT $limit",
  ),
  listUnsettled: select(order, 'WHERE settle_due_time <= $now ORDER BY settle_due_time LIMIT $limit'),
  listUnpaid: select(
    order,
    `WHERE state = 'PENDING_PAYMENT' AND hold_expire_time > $now AND payment_id IS NULL
    ORDER BY hold_expire_time LIMIT $limit`,
  ),
});

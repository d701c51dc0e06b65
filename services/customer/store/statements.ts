import { defineStatements } from '../../platform/cloud/spanner/database.ts';

/** Columns with their table's alias as a prefix, so that joined rows keep apart: "o.id AS o_id". */
function columns(alias: string, names: string): string {
  return names
    .split(/\s+/)
    .map((name) => `${alias}.${name} AS ${alias}_${name}`)
    .join(', ');
}

const order = columns(
  'o',
  'id customer group_id deal partner quantity total_micros currency ship_to state payment_state cancel_reason payment_id payment_client_token payment_sequence carrier tracking_number hold_expire_time create_time version traceparent',
);
const group = columns('g', 'id deal state size taken authorized expire_time version');
const deal = columns(
  'd',
  'id partner title description price_micros currency group_size group_lifetime_seconds stock reserved state version publish_time',
);

// Read-modify-write: taking the exclusive lock at the read keeps concurrent writers in line instead of aborting them at the upgrade.
const locking = '/*@ lock_scanned_ranges=exclusive */ ';

/** Every SQL text of the customer service. */
export const statements = defineStatements('customer', {
  selectProfile: 'SELECT id, display_name, shipping_address, version FROM customer.customers WHERE id = $1',
  lockProfile: `${locking}SELECT id, display_name, shipping_address, version FROM customer.customers WHERE id = $1`,
  insertProfile: 'INSERT INTO customer.customers (id, display_name, shipping_address, version) VALUES ($1, $2, $3, $4)',
  updateProfile: 'UPDATE customer.customers SET display_name = $2, shipping_address = $3, version = $4 WHERE id = $1',

  // Without a partner it only says that the deal was closed before its publication was heard of.
  selectDeal: `SELECT ${deal} FROM customer.deal_allocations d WHERE d.id = $1 AND d.partner <> ''`,
  lockDeal: `${locking}SELECT ${deal} FROM customer.deal_allocations d WHERE d.id = $1`,
  listDeals: `SELECT ${deal} FROM customer.deal_allocations d WHERE d.state = 'OPEN'
    AND (d.publish_time < $1 OR (d.publish_time = $1 AND d.id < $2)) ORDER BY d.publish_time DESC, d.id DESC LIMIT $3`,
  insertDeal: `INSERT INTO customer.deal_allocations
    (id, partner, title, description, price_micros, currency, group_size, group_lifetime_seconds, stock, reserved, state, version, publish_time)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12)`,
  updateDeal: `UPDATE customer.deal_allocations SET title = $2, description = $3, price_micros = $4, currency = $5, group_size = $6,
    group_lifetime_seconds = $7, stock = $8, state = $9, version = $10 WHERE id = $1`,
  reserveUnits: 'UPDATE customer.deal_allocations SET reserved = reserved + $2 WHERE id = $1',

  // All that a placement needs to know, in one round trip.
  selectOpening: `${locking}SELECT ${deal}, c.shipping_address AS c_shipping_address
    FROM customer.deal_allocations d LEFT JOIN customer.customers c ON c.id = $2
    WHERE d.id = $1 AND d.partner <> ''`,
  selectJoining: `${locking}SELECT ${group}, ${deal}, c.shipping_address AS c_shipping_address, o.id AS own_order
    FROM customer.groups g
    JOIN customer.deal_allocations d ON d.id = g.deal
    LEFT JOIN customer.customers c ON c.id = $2
    LEFT JOIN customer.orders o ON o.group_id = g.id AND o.active_customer = $2
    WHERE g.id = $1`,

  selectGroupFor: `SELECT ${group}, o.id AS own_order FROM customer.groups g
    LEFT JOIN customer.orders o ON o.group_id = g.id AND o.active_customer = $2 WHERE g.id = $1`,
  selectMembership: 'SELECT o.id AS id FROM customer.orders o WHERE o.group_id = $1 AND o.customer = $2 LIMIT 1',
  lockGroup: `${locking}SELECT ${group} FROM customer.groups g WHERE g.id = $1`,
  insertGroup:
    'INSERT INTO customer.groups (id, deal, state, size, taken, authorized, expire_time, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
  updateGroup: 'UPDATE customer.groups SET state = $2, taken = $3, authorized = $4, version = $5 WHERE id = $1',
  listOverdueGroups: `SELECT g.id AS id FROM customer.groups g WHERE g.state = 'OPEN' AND g.expire_time <= $1 ORDER BY g.expire_time LIMIT $2`,

  selectOrder: `SELECT ${order} FROM customer.orders o WHERE o.id = $1`,
  lockOrder: `${locking}SELECT ${order}, ${group} FROM customer.orders o JOIN customer.groups g ON g.id = o.group_id WHERE o.id = $1`,
  lockMembers: `${locking}SELECT ${order} FROM customer.orders o WHERE o.group_id = $1 ORDER BY o.id`,
  listOrders: `SELECT ${order} FROM customer.orders o WHERE o.customer = $1
    AND (o.create_time < $2 OR (o.create_time = $2 AND o.id < $3)) ORDER BY o.create_time DESC, o.id DESC LIMIT $4`,
  insertOrder: `INSERT INTO customer.orders
    (id, customer, active_customer, group_id, deal, partner, quantity, total_micros, currency, ship_to, state, payment_state, payment_sequence,
     hold_expire_time, create_time, version, traceparent)
    VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
  // Until settle_due_time the task that settles the payment is left to itself; the state's first transaction sets it.
  updateOrder: `UPDATE customer.orders SET active_customer = $2, state = $3, cancel_reason = $5, payment_id = $6, payment_sequence = $7,
    carrier = $8, tracking_number = $9, version = $10, payment_state = $4, settle_due_time = CASE
      WHEN $4 IN ('CAPTURING', 'VOIDING', 'REFUNDING') AND payment_state = $4 THEN settle_due_time
      WHEN $4 IN ('CAPTURING', 'VOIDING', 'REFUNDING') OR ($4 = 'FAILED' AND payment_state = 'CAPTURING') THEN $11 END
    WHERE id = $1`,
  endSettlement: `UPDATE customer.orders SET settle_due_time = NULL WHERE id = $1 AND payment_state = 'FAILED'`,
  setPayment: 'UPDATE customer.orders SET payment_id = $2, payment_client_token = $3 WHERE id = $1 AND payment_id IS NULL',
  listOverdueHolds: `SELECT o.id AS id FROM customer.orders o WHERE o.state = 'PENDING_PAYMENT' AND o.hold_expire_time <= $1
    ORDER BY o.hold_expire_time LIMIT $2`,
  listUnsettled: `SELECT ${order} FROM customer.orders o WHERE o.settle_due_time <= $1 ORDER BY o.settle_due_time LIMIT $2`,
  listUnpaid: `SELECT ${order} FROM customer.orders o WHERE o.state = 'PENDING_PAYMENT' AND o.hold_expire_time > $1 AND o.payment_id IS NULL
    ORDER BY o.hold_expire_time LIMIT $2`,
});

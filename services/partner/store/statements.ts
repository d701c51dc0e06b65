import { defineStatements } from '../../platform/cloud/spanner/database.ts';

const deal =
  'id, partner, title, description, price_micros, currency, group_size, group_lifetime_seconds, stock, sku, state, version, create_time';
const fulfilment =
  'id, partner, deal, quantity, total_micros, currency, ship_to, state, carrier, tracking_number, order_version, version, create_time, change_number';

// Read-modify-write: taking the exclusive lock at the read keeps concurrent writers in line instead of aborting them at the upgrade.
const locking = '/*@ lock_scanned_ranges=exclusive */ ';

/** Every SQL text of the partner service. */
export const statements = defineStatements('partner', {
  selectDeal: `SELECT ${deal} FROM partner.deals WHERE id = $1`,
  lockDeal: `${locking}SELECT ${deal} FROM partner.deals WHERE id = $1`,
  lockDealsBySku: `${locking}SELECT ${deal} FROM partner.deals WHERE sku = ANY($1) AND state <> 'CLOSED' ORDER BY id`,
  listDeals: `SELECT ${deal} FROM partner.deals WHERE partner = $1
    AND (create_time < $2 OR (create_time = $2 AND id < $3)) ORDER BY create_time DESC, id DESC LIMIT $4`,
  insertDeal: `INSERT INTO partner.deals (${deal}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
  updateDeal: `UPDATE partner.deals SET title = $2, description = $3, price_micros = $4, currency = $5, group_size = $6,
    group_lifetime_seconds = $7, stock = $8, sku = $9, state = $10, version = $11 WHERE id = $1`,

  lockFulfilment: `${locking}SELECT ${fulfilment} FROM partner.fulfilments WHERE id = $1`,
  lockFulfilmentByParcel: `${locking}SELECT ${fulfilment} FROM partner.fulfilments WHERE carrier = $1 AND tracking_number = $2`,
  listFulfilments: `SELECT ${fulfilment} FROM partner.fulfilments WHERE partner = $1 AND ship_to IS NOT NULL
    AND (create_time < $2 OR (create_time = $2 AND id < $3)) ORDER BY create_time DESC, id DESC LIMIT $4`,
  listChanges: `SELECT ${fulfilment} FROM partner.fulfilments WHERE partner = $1 AND ship_to IS NOT NULL AND change_number > $2
    ORDER BY change_number LIMIT $3`,
  // Whoever has counted holds the counter until its commit, so numbers become visible in their order.
  ensureCounter: 'INSERT INTO partner.change_counters (partner, last) VALUES ($1, 0) ON CONFLICT (partner) DO NOTHING',
  countChange: 'UPDATE partner.change_counters SET last = last + 1 WHERE partner = $1',
  insertFulfilment: `INSERT INTO partner.fulfilments (${fulfilment}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
    (SELECT last FROM partner.change_counters WHERE partner = $2))`,
  updateFulfilment: `UPDATE partner.fulfilments SET state = $2, carrier = $3, tracking_number = $4, order_version = $5, version = $6,
    change_number = (SELECT c.last FROM partner.change_counters c WHERE c.partner = $7) WHERE id = $1`,
});

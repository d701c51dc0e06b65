import * as z from 'zod';
import { defineStatements } from '../../platform/cloud/spanner/database.ts';
import { address } from '../../platform/cloud/spanner/tables/address.ts';
import { bigint, enumeration, integer, json, optional, text, timestamp } from '../../platform/cloud/spanner/tables/columns.ts';
import { list } from '../../platform/cloud/spanner/tables/list.ts';
import { dml, exclusive, insert, join, select, update } from '../../platform/cloud/spanner/tables/statements.ts';
import { table } from '../../platform/cloud/spanner/tables/table.ts';
import { dealTransitions } from '../domain/deal.ts';
import { fulfilmentTransitions } from '../domain/fulfilment.ts';
import { assertionAlgorithms, partnerStates } from '../domain/partner-account.ts';

export const deals = table('partner', 'deals', {
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
    sku: text('sku'),
    state: enumeration('state', dealTransitions),
    version: bigint('version'),
    createTime: timestamp('create_time'),
    updateTime: timestamp('update_time'),
  },
});

export const fulfilments = table('partner', 'fulfilments', {
  key: ['id'],
  columns: {
    id: text('id'),
    partner: text('partner'),
    deal: text('deal'),
    quantity: integer('quantity'),
    totalMicros: bigint('total_micros'),
    currency: text('currency'),
    shipTo: optional(address('ship_to')),
    state: enumeration('state', fulfilmentTransitions),
    carrier: optional(text('carrier')),
    trackingNumber: optional(text('tracking_number')),
    orderVersion: bigint('order_version'),
    version: bigint('version'),
    createTime: timestamp('create_time'),
    updateTime: timestamp('update_time'),
    changeNumber: bigint('change_number'),
  },
});

export const changeCounters = table('partner', 'change_counters', {
  key: ['partner'],
  columns: { partner: text('partner'), last: bigint('last') },
});

export const partners = table('partner', 'partners', {
  key: ['id'],
  columns: {
    id: text('id'),
    displayName: text('display_name'),
    state: enumeration('state', partnerStates),
    createTime: timestamp('create_time'),
    updateTime: timestamp('update_time'),
    version: bigint('version'),
  },
});

export const partnerKeys = table('partner', 'partner_keys', {
  key: ['partner', 'id'],
  columns: {
    partner: text('partner'),
    id: text('id'),
    publicKey: json('public_key', z.record(z.string(), z.string())),
    algorithm: enumeration('algorithm', assertionAlgorithms),
    createTime: timestamp('create_time'),
    revokeTime: optional(timestamp('revoke_time')),
  },
});

export const assertions = table('partner', 'assertions', {
  key: ['partner', 'id'],
  columns: { partner: text('partner'), id: text('id'), expireTime: timestamp('expire_time') },
});

// Its change's number says where a fulfilment stands in a stream, and nothing of the fulfilment.
const fulfilment = fulfilments.without('changeNumber');

/** The SQL of deals and fulfilments. */
export const statements = defineStatements('partner', {
  selectDeal: select(deals, 'WHERE id = $deal'),
  lockDeal: select(deals, 'WHERE id = $deal', exclusive),
  lockDealsBySku: select(deals, "WHERE sku = ANY($skus) AND state <> 'CLOSED' ORDER BY id", exclusive),
  listDeals: list(deals, 'partner = $partner', { time: 'createTime', filterable: ['state', 'sku', 'createTime'] }),
  insertDeal: insert(deals),
  updateDeal: update(deals, [
    'title',
    'description',
    'priceMicros',
    'currency',
    'groupSize',
    'groupLifetimeSeconds',
    'stock',
    'sku',
    'state',
    'version',
    'updateTime',
  ]),
  deleteDeal: dml('DELETE FROM partner.deals WHERE id = $deal'),

  selectFulfilment: select(fulfilment, 'WHERE id = $order'),
  selectFulfilmentByParcel: select(fulfilment, 'WHERE carrier = $carrier AND tracking_number = $trackingNumber'),
  lockFulfilment: select(fulfilment, 'WHERE id = $order', exclusive),
  lockFulfilmentByParcel: select(fulfilment, 'WHERE carrier = $carrier AND tracking_number = $trackingNumber', exclusive),
  listFulfilments: list(fulfilment, 'partner = $partner AND ship_to IS NOT NULL', {
    time: 'createTime',
    filterable: ['state', 'createTime'],
  }),
  listChanges: select(
    fulfilments,
    'WHERE partner = $partner AND ship_to IS NOT NULL AND change_number > $after ORDER BY change_number LIMIT $limit',
  ),
  // Whoever has counted holds the counter until its commit, so numbers become visible in their order.
  ensureCounter: insert(changeCounters, { expressions: { last: '0' }, unlessThere: true }),
  countChange: dml('UPDATE partner.change_counters SET last = last + 1 WHERE partner = $partner'),
  insertFulfilment: insert(fulfilments, {
    expressions: { changeNumber: '(SELECT c.last FROM partner.change_counters c WHERE c.partner = $partner)' },
  }),
  updateFulfilment: update(fulfilments, ['state', 'carrier', 'trackingNumber', 'orderVersion', 'version', 'updateTime'], {
    changeNumber: '(SELECT c.last FROM partner.change_counters c WHERE c.partner = $partner)',
  }),
});

/** The SQL of partners and their keys. */
export const identityStatements = defineStatements('partner', {
  selectPartner: select(partners, 'WHERE id = $partner'),
  lockPartner: select(partners, 'WHERE id = $partner', exclusive),
  insertPartner: insert(partners),
  updatePartner: update(partners, ['displayName', 'state', 'version', 'updateTime']),
  listPartners: list(partners, '', { time: 'createTime', filterable: ['state', 'createTime'] }),
  selectGoodKeys: select(partnerKeys, 'WHERE partner = $partner AND revoke_time IS NULL ORDER BY id'),
  selectKey: select(partnerKeys, 'WHERE partner = $partner AND id = $key'),
  selectSigner: join(
    { partner: partners.pick('state').as('p'), key: partnerKeys.pick('revokeTime').as('k') },
    'FROM partner.partners p JOIN partner.partner_keys k ON k.partner = p.id WHERE p.id = $partner AND k.id = $key',
  ),
  lockKey: select(partnerKeys, 'WHERE partner = $partner AND id = $key', exclusive),
  listKeys: list(partnerKeys, 'partner = $partner', { time: 'createTime', filterable: [] }),
  insertKey: insert(partnerKeys),
  revokeKey: update(partnerKeys, ['revokeTime']),
  insertAssertion: insert(assertions),
  deleteExpiredAssertions: dml('DELETE FROM partner.assertions WHERE partner = $partner AND expire_time < $now'),
});

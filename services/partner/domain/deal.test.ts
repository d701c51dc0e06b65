import { expect, test } from 'vitest';
import { type Deal, missingForPublishing, touchedFixedFields } from './deal.ts';

const deal: Deal = {
  id: 'lamp',
  partner: 'acme',
  title: 'Lamp',
  description: '',
  priceMicros: 1_000_000n,
  currency: 'JPY',
  groupSize: 2,
  groupLifetimeSeconds: 3600,
  stock: 10n,
  sku: 'lamp-1',
  state: 'DRAFT',
  version: 1n,
  createTime: new Date(0),
  updateTime: new Date(0),
};

test('a published deal keeps what customers joined for', () => {
  const changes = {
    priceMicros: 2n,
    currency: 'EUR',
    groupSize: 3,
    sku: 'other',
    title: 'New',
    stock: 11n,
    description: 'New',
    groupLifetimeSeconds: 1,
  };
  expect(touchedFixedFields({ ...deal, state: 'PUBLISHED' }, { ...deal, ...changes })).toEqual([
    'priceMicros',
    'currency',
    'groupSize',
    'sku',
  ]);
  expect(touchedFixedFields(deal, { ...deal, ...changes })).toEqual([]);
});

test.each<[string, Partial<Deal>]>([
  ['title', { title: '' }],
  ['sku', { sku: '' }],
  ['price', { priceMicros: 0n }],
  ['price', { priceMicros: 500_000n }],
  ['price', { currency: 'XXX' }],
  ['group_size', { groupSize: 1 }],
  ['stock', { stock: 1n }],
])('a deal is not published without a sound %s', (field, fields) => {
  expect(missingForPublishing({ ...deal, ...fields })).toEqual([field]);
  expect(missingForPublishing(deal)).toEqual([]);
});

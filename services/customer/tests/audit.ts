import { expect } from 'vitest';
import type { CustomerWorld } from './customer-world.ts';

/** Holds what the database says against what must always hold: units and places equal the sum over active orders. */
export async function audit({ rows }: CustomerWorld): Promise<void> {
  const deals = await rows('SELECT id, stock, reserved FROM customer.deal_allocations');
  const groups = await rows('SELECT id, state, size, taken, authorized FROM customer.groups');
  const orders = await rows('SELECT id, group_id, deal, state, quantity, cancel_reason FROM customer.orders');
  const active = orders.filter(({ state }) => state !== 'CANCELLED');
  for (const { id, stock, reserved } of deals) {
    const sum = active.filter(({ deal }) => deal === id).reduce((units, { quantity }) => units + (quantity as bigint), 0n);
    expect([id, reserved]).toEqual([id, sum]);
    expect((reserved as bigint) <= (stock as bigint)).toBe(true);
  }
  for (const { id, state, size, taken, authorized } of groups) {
    const members = active.filter(({ group_id }) => group_id === id);
    if (state === 'OPEN') {
      expect([id, taken]).toEqual([id, BigInt(members.length)]);
      expect([id, authorized]).toEqual([id, BigInt(members.filter((order) => order['state'] === 'AUTHORIZED').length)]);
    }
    if (state === 'COMPLETED') expect([id, taken, authorized]).toEqual([id, size, size]);
    if (state === 'EXPIRED') expect([id, members]).toEqual([id, []]);
  }
  for (const { id, state, cancel_reason } of orders) expect([id, cancel_reason !== null]).toEqual([id, state === 'CANCELLED']);
}

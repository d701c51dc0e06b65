import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { groupTransitions } from '../services/customer/domain/group.ts';
import { orderTransitions, paymentTransitions } from '../services/customer/domain/order.ts';
import { dealTransitions } from '../services/partner/domain/deal.ts';
import { fulfilmentTransitions } from '../services/partner/domain/fulfilment.ts';

const text = readFileSync(join(import.meta.dirname, '../docs/state-machines.md'), 'utf8');
const machines: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  Order: orderTransitions,
  Payment: paymentTransitions,
  Group: groupTransitions,
  Deal: dealTransitions,
  Fulfilment: fulfilmentTransitions,
};

/** "STATE trigger NEXT" for each row of a section's table. */
function documented(section: string): string[] {
  const [, body = ''] = text.split(`\n## ${section}\n`);
  const [own = ''] = body.split('\n## ');
  return [...own.matchAll(/^\| ([A-Z_]+) \| ([a-z-]+) \| ([A-Z_]+) \| .+ \|$/gm)].map(
    ([, from, trigger, to]) => `${from} ${trigger} ${to}`,
  );
}

test('the document has a table for every machine', () => {
  expect([...text.matchAll(/^## (.+)$/gm)].map(([, name]) => name)).toEqual(Object.keys(machines));
});

test.each(Object.entries(machines))('%s: the document says what the code does', (name, table) => {
  const coded = Object.entries(table).flatMap(([from, row]) => Object.entries(row).map(([trigger, to]) => `${from} ${trigger} ${to}`));
  expect(documented(name).toSorted()).toEqual(coded.toSorted());
});

test.each(Object.entries(machines))('%s: every state is reached, or is where it starts', (_, table) => {
  const [start, ...others] = Object.keys(table);
  const reached = new Set(Object.values(table).flatMap((row) => Object.values(row)));
  expect(others.filter((state) => !reached.has(state))).toEqual([]);
  expect(start).toBeDefined();
});

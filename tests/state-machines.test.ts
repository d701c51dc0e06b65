import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { groupTransitions } from '../services/customer/domain/group.ts';
import { orderTransitions, paymentTransitions } from '../services/customer/domain/order.ts';
import { dealTransitions } from '../services/partner/domain/deal.ts';
import { fulfilmentTransitions } from '../services/partner/domain/fulfilment.ts';
import { stateMachineTable, type Transitions } from './state-machine-table.ts';

const document = readFileSync(join(import.meta.dirname, '../docs/reference/state-machines.md'), 'utf8');

const machines: Readonly<Record<string, Transitions>> = {
  Group: groupTransitions,
  Order: orderTransitions,
  Payment: paymentTransitions,
  Deal: dealTransitions,
  Fulfilment: fulfilmentTransitions,
};

it.each(Object.entries(machines))("docs/reference/state-machines.md has the code's table of %s", (name, transitions) => {
  const section = document.split(/^## /m).find((text) => text.startsWith(`${name}\n`)) ?? '';
  const table = section.split('\n').filter((line) => line.startsWith('|'));
  expect(table.join('\n')).toBe(stateMachineTable(transitions));
});

it('documents no machine that the code does not have', () => {
  const named = [...document.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
  expect(named).toEqual(Object.keys(machines));
});

import { kindsByOrder } from './ledger-kinds.ts';
import type { Rule } from './rule.ts';

/** What customers, partner and provider were told is there, and nothing is there that nobody was told. */
export const acknowledgedIsKept: Rule = ({ orders, ledger, intents, fulfilments }, journal, report) => {
  const byName = new Map(orders.map((order) => [order.name, order]));
  const kinds = kindsByOrder(ledger);
  const firstAnswer = new Map<string, string>();
  for (const { customer, requestId, order, group } of journal.placements) {
    const row = byName.get(order);
    if (row === undefined) report(order, `was acknowledged to ${customer}, and is lost`);
    else if (row.customer !== customer || row.group !== group) report(order, `belongs to ${row.customer} in ${row.group}`);
    const first = firstAnswer.get(requestId) ?? order;
    firstAnswer.set(requestId, first);
    if (first !== order) report(order, `request ${requestId} was answered with ${first} before`);
  }
  const told = new Set(journal.placements.map(({ order }) => order));
  const inDoubt = new Set(journal.unanswered.map(({ customer }) => customer));
  for (const { name, customer } of orders) if (!told.has(name) && !inDoubt.has(customer)) report(name, `${customer} was never told of it`);
  for (const { order, intent, status } of journal.confirmations) {
    if (status === 'authorized' && !kinds.get(order)?.startsWith('authorize'))
      report(order, `${intent} was authorised, and the ledger does not know`);
    if (status === 'declined' && intents.find(({ id }) => id === intent)?.status !== 'declined')
      report(order, `${intent} was declined, and no longer is`);
  }
  for (const order of journal.cancellations) {
    if (byName.get(order)?.state !== 'CANCELLED') report(order, `its cancellation was acknowledged, and it is ${byName.get(order)?.state}`);
  }
  for (const { order, trackingNumber } of journal.shipments) {
    const fulfilment = fulfilments.find((each) => each.order === order);
    if (fulfilment?.trackingNumber !== trackingNumber) report(order, `its parcel ${trackingNumber} is lost`);
    const state = byName.get(order)?.state ?? '';
    if (!['SHIPPED', 'DELIVERED'].includes(state)) report(order, `was shipped, and is ${state}`);
  }
  for (const order of journal.deliveries) {
    const state = fulfilments.find((each) => each.order === order)?.state;
    if (state !== 'DELIVERED') report(order, `was delivered, and its fulfilment is ${state}`);
  }
};

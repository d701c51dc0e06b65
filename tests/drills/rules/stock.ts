import { kindsByOrder } from './ledger-kinds.ts';
import type { Rule } from './rule.ts';

/** What is reserved is what active orders take, and no more than there is: neither by our books nor by the money that was taken. */
export const stockIsNeverOversold: Rule = ({ deals, orders, ledger }, journal, report) => {
  const kinds = kindsByOrder(ledger);
  for (const deal of deals) {
    const ofDeal = orders.filter((order) => order.deal === deal.name);
    const active = sum(ofDeal.filter(({ state }) => state !== 'CANCELLED'));
    if (deal.reserved !== active) report(deal.name, `${deal.reserved} units are reserved, active orders take ${active}`);
    if (deal.reserved > deal.stock) report(deal.name, `${deal.reserved} units are reserved of ${deal.stock}`);
    const paid = sum(ofDeal.filter(({ name }) => kinds.get(name) === 'authorize capture'));
    if (paid > deal.stock) report(deal.name, `${paid} units were paid for, of ${deal.stock}`);
  }
  for (const { name, stock } of journal.deals) {
    const deal = deals.find((known) => known.name === name);
    if (deal?.stock !== stock) report(name, `was published with a stock of ${stock}, and has ${deal?.stock}`);
  }
};

function sum(orders: readonly { readonly quantity: number }[]): number {
  return orders.reduce((units, { quantity }) => units + quantity, 0);
}

import type { OrderRow } from '../snapshot.ts';
import { kindsByOrder } from './ledger-kinds.ts';
import type { Rule } from './rule.ts';

/** Every way that money may go. */
const ways = new Set(['', 'authorize', 'authorize capture', 'authorize void', 'authorize capture refund']);

/** The provider's ledger alone: nothing is taken, released or given back twice, of nobody's order, or in another amount. */
export const moneyGoesOneWay: Rule = ({ ledger, orders, intents }, _journal, report) => {
  for (const [name, kinds] of kindsByOrder(ledger)) {
    if (!ways.has(kinds)) report(name, `the ledger says: ${kinds}`);
    if (!orders.some((order) => order.name === name)) report(name, 'has money at the provider, and does not exist');
  }
  for (const { reference, type, amount_micros, intent } of ledger) {
    const order = orders.find(({ name }) => name === reference);
    if (order !== undefined && String(order.totalMicros) !== amount_micros)
      report(reference, `${type} of ${amount_micros}, total ${order.totalMicros}`);
    if (order !== undefined && order.paymentId !== intent) report(reference, `${type} of ${intent}, its payment is ${order.paymentId}`);
  }
  for (const { name } of orders) {
    const own = intents.filter(({ reference }) => reference === name);
    if (own.length > 1) report(name, `has ${own.length} payments at the provider`);
  }
};

/** What the ledger has to say of an order's payment, by the payment's state. A void may come before anything was authorised. */
const kindsOfState: Readonly<Record<string, readonly string[]>> = {
  PENDING: [''],
  AUTHORIZED: ['authorize'],
  CAPTURING: ['authorize'],
  CAPTURED: ['authorize capture'],
  VOIDING: ['authorize'],
  VOIDED: ['', 'authorize void'],
  REFUNDING: ['authorize capture'],
  REFUNDED: ['authorize capture refund'],
  // Declined by the bank, or a capture that was given up and released.
  FAILED: ['', 'authorize void'],
};

/** Each order says of its money what the provider says, and an order that is over has none. */
export const moneyMatchesOrders: Rule = ({ orders, ledger }, _journal, report) => {
  const kinds = kindsByOrder(ledger);
  for (const order of orders) {
    const own = kinds.get(order.name) ?? '';
    if (!kindsOfState[order.paymentState]?.includes(own))
      report(order.name, `its payment is ${order.paymentState}, the ledger says: ${own || 'nothing'}`);
    const isPaid = own === 'authorize capture';
    const shouldBePaid = ['CONFIRMED', 'SHIPPED', 'DELIVERED'].includes(order.state);
    if (shouldBePaid && !isPaid) report(order.name, `is ${order.state}, the ledger says: ${own || 'nothing'}`);
    if (order.state === 'CANCELLED' && (isPaid || own === 'authorize'))
      report(order.name, `is CANCELLED, and its money is not given back: ${own}`);
    if ((order.state === 'CANCELLED') !== (order.cancelReason !== undefined))
      report(order.name, `is ${order.state} for ${order.cancelReason}`);
  }
};

/** Orders of a complete group are captured once or cancelled with a reason; in a group that expired nothing is ever captured, and what was authorised is voided. */
export const moneyMatchesGroups: Rule = ({ groups, orders, ledger, published }, _journal, report) => {
  const kinds = kindsByOrder(ledger);
  const money = (order: OrderRow) => kinds.get(order.name) ?? '';
  for (const group of groups) {
    const members = orders.filter((order) => order.group === group.name);
    if (group.state === 'EXPIRED') {
      for (const order of members) {
        if (order.state !== 'CANCELLED') report(order.name, `is ${order.state} in an expired group`);
        if (!['', 'authorize void'].includes(money(order))) report(order.name, `its group expired, the ledger says: ${money(order)}`);
      }
    }
    if (group.state !== 'COMPLETED') continue;
    const completion = published.find(({ aggregate, payload }) => aggregate === group.name && payload.case === 'groupCompleted');
    const winners = completion?.payload.case === 'groupCompleted' ? completion.payload.value.orders : [];
    if (new Set(winners).size !== group.size) report(group.name, `of ${group.size} places, completed with ${winners.length} orders`);
    for (const order of members) {
      const won = winners.includes(order.name);
      const captured = money(order).includes('capture');
      if (!won && captured) report(order.name, 'was captured, and its group was complete without it');
      if (won && !captured && order.state !== 'CANCELLED') report(order.name, `of a complete group is ${order.state} and not captured`);
    }
  }
};

import type { Rule } from './rule.ts';

/** Customers and the partner are shown, by the public API, what the owners' tables say; and the two services agree. */
export const everyoneSeesTheSame: Rule = ({ orders, fulfilments, shownToCustomers, shownToPartner, published }, _journal, report) => {
  const shown = new Map(shownToCustomers.map((order) => [order.name, order]));
  for (const { name, state, paymentState } of orders) {
    const order = shown.get(name);
    if (order?.state !== `STATE_${state}` || order.paymentState !== `PAYMENT_STATE_${paymentState}`) {
      report(name, `is ${state}/${paymentState}, its customer sees ${order?.state}/${order?.paymentState}`);
    }
    shown.delete(name);
  }
  for (const name of shown.keys()) report(name, 'is shown to a customer, and does not exist');

  const confirmed = new Set(published.filter(({ payload }) => payload.case === 'orderConfirmed').map(({ aggregate }) => aggregate));
  const byOrder = new Map(fulfilments.map((fulfilment) => [fulfilment.order, fulfilment]));
  for (const name of confirmed) if (!byOrder.has(name)) report(name, 'is confirmed, and its partner has not heard of it');
  for (const { name, state } of orders) {
    const fulfilment = byOrder.get(name)?.state;
    if (state === 'CANCELLED' && fulfilment !== undefined && fulfilment !== 'CANCELLED') {
      report(name, `is cancelled, for its partner ${fulfilment}`);
    }
    if (['CONFIRMED', 'SHIPPED', 'DELIVERED'].includes(state) && fulfilment !== (state === 'CONFIRMED' ? 'TO_SHIP' : state)) {
      report(name, `is ${state}, for its partner ${fulfilment}`);
    }
  }
  const toPartner = new Map(shownToPartner.map(({ name, state }) => [name, state]));
  for (const { order, state } of fulfilments) {
    const seen = toPartner.get(order);
    if (seen !== undefined ? seen !== `STATE_${state}` : confirmed.has(order)) report(order, `is ${state}, its partner sees ${seen}`);
  }
};

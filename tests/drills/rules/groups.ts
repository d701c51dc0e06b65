import type { Rule } from './rule.ts';

/** Places that are taken are those of active orders; a complete group keeps the count of the moment. */
export const placesAddUp: Rule = ({ groups, orders }, _journal, report) => {
  for (const { name, state, size, taken, authorized } of groups) {
    const active = orders.filter((order) => order.group === name && order.state !== 'CANCELLED');
    if (taken > size || authorized > taken) report(name, `size ${size}, taken ${taken}, authorised ${authorized}`);
    if (active.length > size) report(name, `${active.length} active orders in ${size} places`);
    if (state === 'OPEN' && taken !== active.length) report(name, `${taken} places are taken, active orders are ${active.length}`);
    if (state === 'COMPLETED' && authorized !== size) report(name, `is complete with ${authorized} of ${size}`);
    const customers = active.map(({ customer }) => customer);
    if (new Set(customers).size !== customers.length) report(name, 'a customer has two places');
  }
};

/** The events say once how a group ended, and as its row does. */
export const groupsEndOnce: Rule = ({ groups, published }, _journal, report) => {
  for (const { name, state } of groups) {
    const endings = new Map(
      published
        .filter(({ aggregate, payload }) => aggregate === name && (payload.case === 'groupCompleted' || payload.case === 'groupExpired'))
        .map(({ id, payload }) => [id, payload.case === 'groupCompleted' ? 'COMPLETED' : 'EXPIRED']),
    );
    const told = [...endings.values()].join(' and ');
    if (told !== (state === 'OPEN' ? '' : state)) report(name, `is ${state}, its events say ${told || 'nothing'}`);
  }
};

import type { Rule } from './rule.ts';

const unsettled = ['CAPTURING', 'VOIDING', 'REFUNDING'];

/** At rest every deadline has passed and every saga has come to its end. */
export const nothingWaits: Rule = ({ orders, groups, outboxRows }, _journal, report) => {
  for (const [service, rows] of Object.entries(outboxRows)) if (rows > 0) report(`${service}.outbox`, `${rows} events are not published`);
  for (const { name, state } of groups) if (state === 'OPEN') report(name, 'is open after its deadline');
  for (const { name, state, paymentState } of orders) {
    if (state === 'PENDING_PAYMENT') report(name, 'holds its place after its time');
    if (unsettled.includes(paymentState)) report(name, `its payment is still ${paymentState}`);
  }
};

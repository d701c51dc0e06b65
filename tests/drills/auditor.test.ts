import { describe, expect, it } from 'vitest';
import { audit, ruleNames } from './auditor.ts';
import { entry, event, order, soundWorld } from './sound-world.ts';

type World = ReturnType<typeof soundWorld>;

const findOrder = ({ snapshot }: World, id: string) => snapshot.orders.find(({ name }) => name === `orders/${id}`)!;

/** Each breaks a sound world in one way; the rule that has to see it stands before it. */
const tamperings: readonly (readonly [rule: string, what: string, tamper: (world: World) => void])[] = [
  ['stock is never oversold', 'a unit reserved for nobody', ({ snapshot }) => void snapshot.deals[0]!.reserved++],
  [
    'stock is never oversold',
    'more reserved than there is',
    ({ snapshot }) => {
      snapshot.deals[0]!.stock = 1;
    },
  ],
  [
    'stock is never oversold',
    'a stock that changed',
    ({ journal }) => {
      journal.deals[0]!.stock = 6;
    },
  ],
  [
    'places add up',
    'a customer with two places',
    (world) => {
      findOrder(world, 'b').customer = 'customer-a';
    },
  ],
  [
    'places add up',
    'an order beyond the last place',
    ({ snapshot }) => void snapshot.orders.push(order('d', 'full', { state: 'CONFIRMED', paymentState: 'CAPTURED' })),
  ],
  [
    'places add up',
    'a complete group that is not full',
    ({ snapshot }) => {
      snapshot.groups[0]!.authorized = 1;
    },
  ],
  [
    'a group completes or expires exactly once',
    'a group that ended twice',
    ({ snapshot }) => void snapshot.published.push(event('groups/full', 9n, { case: 'groupExpired', value: {} })),
  ],
  [
    'a group completes or expires exactly once',
    'an ending that was never told',
    ({ snapshot }) => {
      snapshot.published = snapshot.published.filter(({ payload }) => payload.case !== 'groupExpired');
    },
  ],
  ['money goes one way', 'a second capture', ({ snapshot }) => void snapshot.ledger.push(entry('a', 'capture'))],
  ['money goes one way', 'a second void', ({ snapshot }) => void snapshot.ledger.push(entry('c', 'void'))],
  ['money goes one way', 'a capture without an authorisation', ({ snapshot }) => void snapshot.ledger.shift()],
  ['money goes one way', 'money of nobody', ({ snapshot }) => void snapshot.ledger.push({ ...entry('x', 'authorize') })],
  [
    'money goes one way',
    'another amount',
    ({ snapshot }) => {
      snapshot.ledger[1] = { ...entry('a', 'capture'), amount_micros: '1' };
    },
  ],
  [
    'money goes one way',
    'a second payment of an order',
    ({ snapshot }) => void snapshot.intents.push({ ...snapshot.intents[0]!, id: 'pi_other' }),
  ],
  ['orders and ledger agree', 'a confirmed order without a capture', ({ snapshot }) => void snapshot.ledger.splice(1, 1)],
  ['orders and ledger agree', 'a cancelled order whose money is kept', ({ snapshot }) => void snapshot.ledger.pop()],
  [
    'orders and ledger agree',
    'a cancellation without a reason',
    (world) => {
      findOrder(world, 'c').cancelReason = undefined;
    },
  ],
  [
    'complete groups are captured, expired ones voided',
    'a capture in an expired group',
    (world) => {
      world.snapshot.ledger.splice(-1, 1, entry('c', 'capture'), entry('c', 'refund'));
      findOrder(world, 'c').paymentState = 'REFUNDED';
    },
  ],
  [
    'complete groups are captured, expired ones voided',
    'a live order in an expired group',
    (world) => {
      findOrder(world, 'c').state = 'AUTHORIZED';
    },
  ],
  [
    'complete groups are captured, expired ones voided',
    'a complete group that counts fewer orders than places',
    ({ snapshot }) => {
      snapshot.groups[0]!.size = 3;
    },
  ],
  ['no acknowledged request is lost', 'an order that is gone', ({ snapshot }) => void snapshot.orders.pop()],
  ['no acknowledged request is lost', 'an order that nobody was told of', ({ journal }) => void journal.placements.pop()],
  [
    'no acknowledged request is lost',
    'another answer to the same request',
    ({ journal }) => {
      journal.placements[1]!.requestId = journal.placements[0]!.requestId;
    },
  ],
  ['no acknowledged request is lost', 'a cancellation without effect', ({ journal }) => void journal.cancellations.push('orders/a')],
  [
    'no acknowledged request is lost',
    'a parcel that was forgotten',
    ({ snapshot }) => {
      snapshot.fulfilments[1]!.trackingNumber = 'SW2';
    },
  ],
  ['no acknowledged request is lost', 'a delivery without effect', ({ journal }) => void journal.deliveries.push('orders/b')],
  [
    'no acknowledged request is lost',
    'an authorisation that the ledger does not know',
    ({ snapshot }) => {
      snapshot.ledger = snapshot.ledger.filter(({ reference }) => reference !== 'orders/c');
    },
  ],
  [
    'an event happens once',
    'two events of one version',
    ({ snapshot }) => void snapshot.published.push({ ...event('orders/a', 4n, { case: 'paymentSettled', value: {} }), id: 'other' }),
  ],
  [
    'an event happens once',
    'a confirmation that was told twice',
    ({ snapshot }) => void snapshot.published.push(event('orders/a', 5n, { case: 'orderConfirmed', value: {} })),
  ],
  [
    'an event happens once',
    'a void that was asked for twice',
    ({ snapshot }) => void snapshot.published.push(event('orders/c', 5n, { case: 'paymentVoidRequested', value: {} })),
  ],
  ['no accepted event is lost', 'an event that was not taken in', ({ snapshot }) => void snapshot.inbox.partner.clear()],
  ['no accepted event is lost', 'a webhook that was lost', ({ snapshot }) => void snapshot.providerEvents.pop()],
  ['no accepted event is lost', 'a webhook that was kept and not told on', ({ snapshot }) => void snapshot.published.pop()],
  ['no accepted event is lost', 'a dead letter', ({ snapshot }) => void snapshot.deadLetters++],
  ['everyone sees the same', 'an order that its customer does not see', ({ snapshot }) => void snapshot.shownToCustomers.pop()],
  ['everyone sees the same', 'a partner who has not heard of an order', ({ snapshot }) => void snapshot.fulfilments.shift()],
  [
    'everyone sees the same',
    'a cancelled order that is about to be shipped',
    ({ snapshot }) => void snapshot.fulfilments.push({ order: 'orders/c', state: 'TO_SHIP', trackingNumber: undefined }),
  ],
  [
    'everyone sees the same',
    'a cancelled order that was shipped nevertheless',
    ({ snapshot }) => void snapshot.fulfilments.push({ order: 'orders/c', state: 'SHIPPED', trackingNumber: 'SW2' }),
  ],
  [
    'nothing waits',
    'an event in the outbox',
    ({ snapshot }) => {
      snapshot.outboxRows['customer'] = 1;
    },
  ],
  [
    'nothing waits',
    'a void that was never done',
    (world) => {
      findOrder(world, 'c').paymentState = 'VOIDING';
    },
  ],
  [
    'nothing waits',
    'an open group after its time',
    ({ snapshot }) => {
      snapshot.groups[1]!.state = 'OPEN';
    },
  ],
];

describe('the auditor', () => {
  it('finds nothing in a sound world', () => {
    const { snapshot, journal } = soundWorld();
    expect(audit(snapshot, journal)).toEqual([]);
  });

  it.each(tamperings)('"%s" sees %s', (rule, _what, tamper) => {
    const world = soundWorld();
    tamper(world);
    expect(audit(world.snapshot, world.journal).map((violation) => violation.rule)).toContain(rule);
  });

  it('has a tampering for each of its rules', () => {
    expect([...new Set(tamperings.map(([rule]) => rule))].toSorted()).toEqual(ruleNames.toSorted());
  });
});

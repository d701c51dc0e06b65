import { describe, expect, test } from 'vitest';
import { eventsOf, groupWith, minutesAfter, news, noon, orderWith } from '../tests/orders.ts';
import { noChange } from './change.ts';
import type { Order, OrderState, OrderTrigger, PaymentState, PaymentTrigger } from './order.ts';
import { isActive, orderTransitions, paymentTransitions } from './order.ts';
import { applyPaymentNews, cancelOrder, deliverOrder, giveUpCapture, type PaymentStatus, shipOrder } from './order-lifecycle.ts';

const orderStates = Object.keys(orderTransitions) as OrderState[];
const paymentStates = Object.keys(paymentTransitions) as PaymentState[];
const statuses: PaymentStatus[] = ['authorized', 'declined', 'captured', 'voided', 'refunded'];

/** A payment state with the order state that goes with it. */
const orderStateWith: Record<PaymentState, OrderState> = {
  PENDING: 'PENDING_PAYMENT',
  AUTHORIZED: 'AUTHORIZED',
  CAPTURING: 'AUTHORIZED',
  CAPTURED: 'CONFIRMED',
  VOIDING: 'CANCELLED',
  VOIDED: 'CANCELLED',
  REFUNDING: 'CANCELLED',
  REFUNDED: 'CANCELLED',
  FAILED: 'CANCELLED',
};

function inPayment(paymentState: PaymentState) {
  const state = orderStateWith[paymentState];
  return orderWith({ state, paymentState, ...(state === 'CANCELLED' && { cancelReason: 'CUSTOMER' as const }) });
}

describe('every row of the payment table', () => {
  for (const from of paymentStates) {
    for (const status of statuses) {
      const to = paymentTransitions[from][status as PaymentTrigger];
      const group = groupWith({ size: 3, taken: 2, state: from === 'CAPTURING' || from === 'CAPTURED' ? 'COMPLETED' : 'OPEN' });
      const change = applyPaymentNews(inPayment(from), group, [], news(status), noon);

      if (to === undefined) {
        test(`${from} refuses ${status} and does not use its sequence up`, () => expect(change).toBe(noChange));
        continue;
      }
      test(`${from} takes ${status}, and an order that is over gets its money back`, () => {
        const [order] = change.orders;
        // What an order that is over has been given is given back at once.
        const expected = isActive(inPayment(from)) ? to : ({ AUTHORIZED: 'VOIDING', CAPTURED: 'REFUNDING' }[to as string] ?? to);
        expect(order).toMatchObject({ paymentState: expected, paymentSequence: 2n });
        expect(order && (isActive(order) || order.cancelReason !== undefined)).toBe(true);
      });
    }
  }
});

describe('every row of the order table', () => {
  const parcel = { carrier: 'c', trackingNumber: 't' };
  const decisions = {
    ship: (order: Order) => shipOrder(order, parcel),
    deliver: deliverOrder,
    cancel: (order: Order) => cancelOrder(order, groupWith({ state: 'COMPLETED' }), 'CUSTOMER'),
  };
  /** What has happened already, and changes nothing when it is told again. */
  const known: Readonly<Partial<Record<OrderState, readonly OrderTrigger[]>>> = {
    SHIPPED: ['ship'],
    DELIVERED: ['ship', 'deliver'],
    CANCELLED: ['cancel', 'deliver'],
    // Old news.
    PENDING_PAYMENT: ['deliver'],
    AUTHORIZED: ['deliver'],
    CONFIRMED: ['deliver'],
  };
  for (const state of orderStates) {
    for (const trigger of ['ship', 'deliver', 'cancel'] as const satisfies OrderTrigger[]) {
      const to = orderTransitions[state][trigger];
      const order = orderWith({
        state,
        paymentState: state === 'PENDING_PAYMENT' ? 'PENDING' : 'CAPTURED',
        ...((state === 'SHIPPED' || state === 'DELIVERED') && parcel),
      });
      const change = decisions[trigger](order);
      if (to !== undefined) test(`${state} takes ${trigger}`, () => expect(change?.orders[0]?.state).toBe(to));
      else if (known[state]?.includes(trigger)) test(`${state} ignores ${trigger}`, () => expect(change).toBe(noChange));
      else test(`${state} refuses ${trigger}`, () => expect(change).toBeUndefined());
    }
  }

  test.each(['SHIPPED', 'DELIVERED'] as const)('an order that is %s takes a corrected parcel', (state) => {
    const order = orderWith({ state, paymentState: 'CAPTURED', carrier: 'c', trackingNumber: 'wrong' });
    expect(shipOrder(order, parcel)?.orders).toMatchObject([{ state, ...parcel }]);
  });
});

describe('authorisation', () => {
  const pending = orderWith();

  test('counts the order and leaves an unfilled group open', () => {
    const change = applyPaymentNews(pending, groupWith({ size: 3 }), [pending], news('authorized'), noon);
    expect(change.group).toMatchObject({ state: 'OPEN', authorized: 1, version: 2n });
    expect(change.orders).toMatchObject([{ state: 'AUTHORIZED', paymentState: 'AUTHORIZED' }]);
  });

  test('that fills the group completes it and asks for each capture', () => {
    const other = orderWith({ id: 'o1', state: 'AUTHORIZED', paymentState: 'AUTHORIZED' });
    const cancelled = orderWith({ id: 'o0', state: 'CANCELLED', cancelReason: 'CUSTOMER', paymentState: 'VOIDING' });
    const group = groupWith({ taken: 2, authorized: 1 });
    const change = applyPaymentNews(pending, group, [cancelled, other, pending], news('authorized'), noon);
    expect(change.group).toMatchObject({ state: 'COMPLETED', authorized: 2 });
    expect(change.orders.map(({ id, paymentState }) => [id, paymentState])).toEqual([
      ['o1', 'CAPTURING'],
      ['o', 'CAPTURING'],
    ]);
    expect(change.events.map(({ payload, version }) => [payload, version])).toEqual([
      [{ case: 'groupCompleted', value: { orders: ['orders/o1', 'orders/o'] } }, change.group?.version],
    ]);
  });

  test('after the deadline, but before the expiry has run, cancels the order and voids it', () => {
    const change = applyPaymentNews(pending, groupWith({ taken: 2 }), [pending], news('authorized'), minutesAfter(60));
    expect(change.orders).toMatchObject([{ state: 'CANCELLED', cancelReason: 'GROUP_EXPIRED', paymentState: 'VOIDING' }]);
    expect(change.group).toMatchObject({ taken: 1, authorized: 0 });
    expect(change.releasedUnits).toBe(1);
  });

  test('of an order that is over is voided and frees nothing twice', () => {
    const over = orderWith({ state: 'CANCELLED', cancelReason: 'HOLD_EXPIRED' });
    const change = applyPaymentNews(over, groupWith(), [over], news('authorized'), noon);
    expect(change).toMatchObject({ releasedUnits: 0, group: undefined });
    expect(eventsOf(change)).toEqual(['paymentVoidRequested']);
  });

  test('that is repeated or older than what is known changes nothing', () => {
    const authorized = orderWith({ state: 'AUTHORIZED', paymentState: 'AUTHORIZED', paymentSequence: 2n });
    expect(applyPaymentNews(authorized, groupWith(), [], news('authorized', 2), noon)).toBe(noChange);
    expect(applyPaymentNews(authorized, groupWith(), [], news('declined', 1), noon)).toBe(noChange);
  });

  test('of another payment than the order’s changes nothing', () => {
    expect(applyPaymentNews(pending, groupWith(), [], news('authorized', 2, 'pi_other'), noon)).toBe(noChange);
  });

  test('that is faster than our record of the payment tells its id', () => {
    const unrecorded = orderWith({ paymentId: undefined });
    const change = applyPaymentNews(unrecorded, groupWith({ size: 3 }), [], news('authorized'), noon);
    expect(change.orders).toMatchObject([{ paymentId: 'pi_1', state: 'AUTHORIZED' }]);
  });
});

describe('cancellation', () => {
  test('of an authorised order frees place and units and voids', () => {
    const order = orderWith({ state: 'AUTHORIZED', paymentState: 'AUTHORIZED', quantity: 3 });
    const change = cancelOrder(order, groupWith({ taken: 2, authorized: 2, size: 3 }), 'CUSTOMER');
    expect(change).toMatchObject({ releasedUnits: 3, group: { taken: 1, authorized: 1, version: 2n } });
    expect(change && eventsOf(change)).toEqual(['orderCancelled', 'paymentVoidRequested']);
  });

  test('while the capture is under way ends in a void where the void is first, in a refund where the capture is', () => {
    const order = orderWith({ state: 'AUTHORIZED', paymentState: 'CAPTURING', paymentSequence: 2n });
    const group = groupWith({ state: 'COMPLETED', taken: 2, authorized: 2 });
    const [cancelled] = cancelOrder(order, group, 'CUSTOMER')?.orders ?? [];
    expect(cancelled).toMatchObject({ state: 'CANCELLED', paymentState: 'VOIDING' });
    const voided = applyPaymentNews(cancelled!, group, [], news('voided', 3), noon);
    expect(voided.orders).toMatchObject([{ paymentState: 'VOIDED', state: 'CANCELLED' }]);
    const captured = applyPaymentNews(cancelled!, group, [], news('captured', 3), noon);
    expect(captured.orders).toMatchObject([{ paymentState: 'REFUNDING', state: 'CANCELLED' }]);
    expect(eventsOf(captured)).toEqual(['paymentRefundRequested']);
  });

  test('in a complete group leaves the group as it is', () => {
    const order = orderWith({ state: 'CONFIRMED', paymentState: 'CAPTURED' });
    const change = cancelOrder(order, groupWith({ state: 'COMPLETED', taken: 2, authorized: 2 }), 'CUSTOMER');
    expect(change).toMatchObject({ group: undefined, releasedUnits: 1, orders: [{ paymentState: 'REFUNDING' }] });
  });
});

describe('a capture that is given up', () => {
  const capturing = orderWith({ state: 'AUTHORIZED', paymentState: 'CAPTURING', paymentSequence: 2n });
  const group = groupWith({ state: 'COMPLETED', taken: 2, authorized: 2 });

  test('cancels the order, releases the reservation and leaves the group complete', () => {
    const change = giveUpCapture(capturing, group);
    expect(change).toMatchObject({
      group: undefined,
      orders: [{ state: 'CANCELLED', cancelReason: 'PAYMENT_DECLINED', paymentState: 'FAILED' }],
    });
    expect(eventsOf(change)).toEqual(['paymentSettled', 'paymentVoidRequested', 'orderCancelled']);
  });

  test('and went through after all is refunded', () => {
    const [failed] = giveUpCapture(capturing, group).orders;
    expect(applyPaymentNews(failed!, group, [], news('captured', 3), noon).orders).toMatchObject([{ paymentState: 'REFUNDING' }]);
  });

  test.each(paymentStates.filter((state) => state !== 'CAPTURING'))('is nothing to a payment that is %s', (state) => {
    expect(giveUpCapture(inPayment(state), group)).toBe(noChange);
  });
});

test('a payment that the provider refunds by itself cancels the order, unless the goods are on their way', () => {
  const confirmed = orderWith({ state: 'CONFIRMED', paymentState: 'CAPTURED' });
  const group = groupWith({ state: 'COMPLETED' });
  expect(applyPaymentNews(confirmed, group, [], news('refunded'), noon).orders).toMatchObject([
    { state: 'CANCELLED', paymentState: 'REFUNDED' },
  ]);
  const shipped = { ...confirmed, state: 'SHIPPED' as const };
  expect(applyPaymentNews(shipped, group, [], news('refunded'), noon).orders).toMatchObject([
    { state: 'SHIPPED', paymentState: 'REFUNDED' },
  ]);
});

test('each event has a version of its own', () => {
  const change = giveUpCapture(
    orderWith({ state: 'AUTHORIZED', paymentState: 'CAPTURING', version: 7n }),
    groupWith({ state: 'COMPLETED' }),
  );
  expect(change.events.map(({ version }) => version)).toEqual([8n, 9n, 10n]);
  expect(change.orders[0]?.version).toBe(10n);
});

import { describe, expect, test } from 'vitest';
import { address, dealWith, eventsOf, groupWith, minutesAfter, noon, orderWith } from '../tests/orders.ts';
import { noChange } from './change.ts';
import { availableUnits } from './group.ts';
import { completeGroup, expireGroup, openGroup, PlacementRefused, placeOrder, type Refusal } from './group-lifecycle.ts';

const placement = { customer: 'bob', shipTo: address, quantity: 2, orderId: 'o2', now: noon };

function refusal(place: () => unknown): Refusal | undefined {
  try {
    place();
    return undefined;
  } catch (error) {
    if (error instanceof PlacementRefused) return error.refusal;
    throw error;
  }
}

describe('opening a group', () => {
  test('makes the group with its first order, which takes a place, stock and a hold', () => {
    const change = openGroup(dealWith(), 'g1', placement);
    expect(change.group).toMatchObject({ id: 'g1', taken: 1, authorized: 0, size: 2, version: 1n, expireTime: minutesAfter(60) });
    expect(change.orders).toMatchObject([{ id: 'o2', state: 'PENDING_PAYMENT', totalMicros: 2_400_000_000n, version: 1n }]);
    expect(change.orders[0]?.holdExpireTime).toEqual(minutesAfter(15));
    expect(change.releasedUnits).toBe(-2);
    expect(eventsOf(change)).toEqual(['groupOpened', 'orderPlaced']);
  });

  test('is refused where the deal is closed', () => {
    expect(refusal(() => openGroup(dealWith({ state: 'CLOSED' }), 'g1', placement))).toBe('DEAL_CLOSED');
  });
});

describe('taking a place', () => {
  test.each<[Refusal, () => unknown]>([
    ['DEAL_CLOSED', () => placeOrder(dealWith({ priceMicros: 500_000n }), groupWith(), { ...placement, quantity: 1 })],
    ['DEAL_CLOSED', () => placeOrder(dealWith({ currency: 'XXX' }), groupWith(), placement)],
    ['SHIPPING_ADDRESS_REQUIRED', () => placeOrder(dealWith(), groupWith(), { ...placement, shipTo: undefined })],
    ['GROUP_COMPLETED', () => placeOrder(dealWith(), groupWith({ state: 'COMPLETED' }), placement)],
    ['GROUP_EXPIRED', () => placeOrder(dealWith(), groupWith({ state: 'EXPIRED' }), placement)],
    ['GROUP_EXPIRED', () => placeOrder(dealWith(), groupWith(), { ...placement, now: minutesAfter(60) })],
    ['GROUP_FULL', () => placeOrder(dealWith(), groupWith({ taken: 2 }), placement)],
    ['OUT_OF_STOCK', () => placeOrder(dealWith({ stock: 10n, reserved: 9n }), groupWith(), placement)],
    ['OUT_OF_STOCK', () => placeOrder(dealWith({ stock: 3n, reserved: 9n }), groupWith(), placement)],
  ])('is refused: %s', (expected, place) => {
    expect(refusal(place)).toBe(expected);
  });

  test('goes on in an open group whose deal is closed', () => {
    expect(refusal(() => placeOrder(dealWith({ state: 'CLOSED' }), groupWith(), placement))).toBeUndefined();
  });

  test('takes the last units', () => {
    expect(refusal(() => placeOrder(dealWith({ stock: 10n, reserved: 8n }), groupWith(), placement))).toBeUndefined();
  });

  test('holds no longer than the group lasts', () => {
    const change = placeOrder(dealWith(), groupWith({ expireTime: minutesAfter(5) }), placement);
    expect(change.orders[0]?.holdExpireTime).toEqual(minutesAfter(5));
  });
});

test('less stock than was sold already leaves none', () => {
  expect(availableUnits({ stock: 3n, reserved: 9n })).toBe(0n);
});

describe('expiry', () => {
  const members = [
    orderWith({ id: 'paid', state: 'AUTHORIZED', paymentState: 'AUTHORIZED', quantity: 3 }),
    orderWith({ id: 'pending', quantity: 2 }),
    orderWith({ id: 'over', state: 'CANCELLED', cancelReason: 'CUSTOMER', quantity: 5 }),
  ];

  test('waits for the deadline', () => {
    expect(expireGroup(groupWith(), members, minutesAfter(59))).toBeUndefined();
  });

  test('cancels what is active, voids what is authorised and frees the units', () => {
    const change = expireGroup(groupWith(), members, minutesAfter(60));
    expect(change?.orders.map(({ id, state, paymentState, cancelReason }) => [id, state, paymentState, cancelReason])).toEqual([
      ['paid', 'CANCELLED', 'VOIDING', 'GROUP_EXPIRED'],
      ['pending', 'CANCELLED', 'PENDING', 'GROUP_EXPIRED'],
    ]);
    expect(change?.releasedUnits).toBe(5);
    expect(change && eventsOf(change)).toEqual(['groupExpired', 'orderCancelled', 'paymentVoidRequested', 'orderCancelled']);
    expect(change?.events[0]?.payload).toEqual({ case: 'groupExpired', value: { orders: ['orders/paid'] } });
  });

  test.each(['COMPLETED', 'EXPIRED'] as const)('leaves a group alone that is %s', (state) => {
    expect(expireGroup(groupWith({ state }), members, minutesAfter(60))).toBe(noChange);
  });
});

test.each(['COMPLETED', 'EXPIRED'] as const)('a group that is %s is not completed', (state) => {
  expect(completeGroup(groupWith({ state }), [])).toBe(noChange);
});

import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  Order_CancelReason as CancelReason,
  Deal_State,
  Group_State,
  type Order,
  Order_State as OrderState,
  Order_PaymentState as PaymentState,
} from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { audit } from './tests/audit.ts';
import { type CustomerWorld, placed, startCustomerWorld } from './tests/customer-world.ts';

let world: CustomerWorld;
beforeAll(async () => {
  world = await startCustomerWorld();
});
afterAll(() => world?.close());
afterEach(() => audit(world));

const unavailable = { code: status.UNAVAILABLE };
let serial = 0;

/** A group of two of a deal of its own, with the orders of its members. */
async function groupOf(cards: readonly ('ok' | 'declined-at-capture' | 'unpaid')[]) {
  serial += 1;
  const deal = await world.deal(`deal-${serial}`, { stock: 20 });
  const members: { client: Awaited<ReturnType<CustomerWorld['customer']>>; name: string; placed: ReturnType<typeof placed> }[] = [];
  let group = '';
  for (const [index, card] of cards.entries()) {
    const client = await world.customer(`c${serial}-${index}`);
    const request = { quantity: index + 1, requestId: randomUUID() };
    const member = placed(
      group === '' ? await client.openGroup({ deal, ...request }) : await client.joinGroup({ name: group, ...request }),
    );
    group = member.group.name;
    if (card !== 'unpaid') await world.pay(member, card);
    members.push({ client, name: member.order.name, placed: member });
  }
  const order = async (index: number): Promise<Order> => {
    const member = members[index]!;
    return member.client.getOrder({ name: member.name });
  };
  return { deal, group, members, order, state: async () => (await members[0]!.client.getGroup({ name: group })).state };
}

describe('a group that fills', () => {
  test('completes once, and each order is captured once, however often it is asked for', async () => {
    const { group, members, order, state } = await groupOf(['ok', 'ok']);
    expect(await state()).toBe(Group_State.COMPLETED);
    for (const { name } of members) {
      for (const attempt of [1, 1, 2]) await world.internal.capturePayment({ order: name, attempt });
      await world.report(name);
      expect(await world.ledger(name)).toEqual(['authorize', 'capture']);
    }
    expect(await order(0)).toMatchObject({ state: OrderState.CONFIRMED, paymentState: PaymentState.CAPTURED });
    expect(world.events(group).map(({ case: kind }) => kind)).toEqual(['groupOpened', 'groupCompleted']);
    expect(world.events(members[1]!.name).at(-1)).toMatchObject({
      case: 'orderConfirmed',
      value: {
        partner: 'partners/acme',
        quantity: 2,
        total: { units: 2400n },
        shipTo: { postalCode: '150-0001', sublocality: 'Harajuku' },
      },
    });
  });

  test('stays complete where a capture is declined to the last: that order is cancelled and its reservation released', async () => {
    const { members, order, state } = await groupOf(['ok', 'declined-at-capture']);
    const { name } = members[1]!;
    await expect(world.internal.capturePayment({ order: name, attempt: 1 })).rejects.toMatchObject({
      ...unavailable,
      reason: 'PAYMENT_DECLINED',
    });
    expect(await order(1)).toMatchObject({ state: OrderState.AUTHORIZED, paymentState: PaymentState.CAPTURING });
    await world.internal.capturePayment({ order: name, attempt: 10, lastAttempt: true });
    expect(await order(1)).toMatchObject({
      state: OrderState.CANCELLED,
      cancelReason: CancelReason.PAYMENT_DECLINED,
      paymentState: PaymentState.FAILED,
    });
    expect(world.events(name).map(({ case: kind }) => kind)).toContain('paymentVoidRequested');
    await world.internal.voidPayment({ order: name });
    expect(await world.ledger(name)).toEqual(['authorize', 'void']);
    expect(await state()).toBe(Group_State.COMPLETED);
    expect(await order(1)).toMatchObject({ paymentState: PaymentState.FAILED });
  });

  test('whose captured order is cancelled has it refunded once', async () => {
    const { members, order } = await groupOf(['ok', 'ok']);
    const { name, client } = members[0]!;
    await world.internal.capturePayment({ order: name, attempt: 1 });
    await client.cancelOrder({ name });
    for (const _ of [1, 2]) await world.internal.refundPayment({ order: name });
    expect(await world.ledger(name)).toEqual(['authorize', 'capture', 'refund']);
    expect(await order(0)).toMatchObject({ state: OrderState.CANCELLED, paymentState: PaymentState.REFUNDED });
  });

  test('whose order is cancelled while its capture is under way gives the money back either way', async () => {
    const { members, order } = await groupOf(['ok', 'ok']);
    const { name, client } = members[0]!;
    // The provider captures, its answer is lost, the customer cancels, and the task of the void comes before the webhook.
    await world.faults({ error_rate: 1, seed: 3 });
    await expect(world.internal.capturePayment({ order: name, attempt: 1 })).rejects.toMatchObject(unavailable);
    await world.faults({});
    await client.cancelOrder({ name });
    await world.internal.voidPayment({ order: name });
    const settled = await order(0);
    if (settled.paymentState === PaymentState.REFUNDING) await world.internal.refundPayment({ order: name });
    const entries = await world.ledger(name);
    expect([
      ['authorize', 'void'],
      ['authorize', 'capture', 'refund'],
    ]).toContainEqual(entries);
  });
});

describe('a group that expires', () => {
  test('waits for its deadline, then cancels its orders and has what is authorised voided once', async () => {
    const { group, members, order, state } = await groupOf(['ok']);
    await expect(world.internal.expireGroup({ group })).rejects.toMatchObject(unavailable);
    world.passMinutes(60);
    for (const _ of [1, 2]) expect((await world.internal.expireGroup({ group })).group?.state).toBe(Group_State.EXPIRED);
    const { name } = members[0]!;
    expect(await order(0)).toMatchObject({
      state: OrderState.CANCELLED,
      cancelReason: CancelReason.GROUP_EXPIRED,
      paymentState: PaymentState.VOIDING,
    });
    for (const _ of [1, 2]) await world.internal.voidPayment({ order: name });
    await world.report(name);
    expect(await world.ledger(name)).toEqual(['authorize', 'void']);
    expect(await order(0)).toMatchObject({ paymentState: PaymentState.VOIDED });
    expect(await state()).toBe(Group_State.EXPIRED);
    expect(world.events(group).map(({ case: kind }) => kind)).toEqual(['groupOpened', 'groupExpired']);
    expect(world.events(name).filter(({ case: kind }) => kind === 'paymentVoidRequested')).toHaveLength(1);
  });

  test('has a payment voided that arrives afterwards', async () => {
    const { group, members, order } = await groupOf(['unpaid']);
    world.passMinutes(60);
    await world.internal.expireGroup({ group });
    await world.pay(members[0]!.placed);
    expect(await order(0)).toMatchObject({ state: OrderState.CANCELLED, paymentState: PaymentState.VOIDING });
    await world.internal.voidPayment({ order: members[0]!.name });
    expect(await world.ledger(members[0]!.name)).toEqual(['authorize', 'void']);
  });

  test('and of which the last payment arrives between deadline and expiry does not complete', async () => {
    const { group, members, order, state } = await groupOf(['ok', 'unpaid']);
    world.passMinutes(60);
    await world.pay(members[1]!.placed);
    expect(await order(1)).toMatchObject({ cancelReason: CancelReason.GROUP_EXPIRED, paymentState: PaymentState.VOIDING });
    await world.internal.expireGroup({ group });
    expect(await state()).toBe(Group_State.EXPIRED);
  });

  test('is unknown where it never was', async () => {
    await expect(world.internal.expireGroup({ group: 'groups/none' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('a hold', () => {
  test('is released when it is over and not before, and a paid order is left alone', async () => {
    const { members, order } = await groupOf(['unpaid']);
    const paid = await groupOf(['ok']);
    const { name } = members[0]!;
    await expect(world.internal.releaseHold({ order: name })).rejects.toMatchObject(unavailable);
    world.passMinutes(15);
    for (const _ of [1, 2]) await world.internal.releaseHold({ order: name });
    await world.internal.releaseHold({ order: paid.members[0]!.name });
    expect(await order(0)).toMatchObject({ state: OrderState.CANCELLED, cancelReason: CancelReason.HOLD_EXPIRED });
    expect(await paid.order(0)).toMatchObject({ state: OrderState.AUTHORIZED });
    await expect(world.internal.releaseHold({ order: 'orders/none' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('events', () => {
  test('are applied once', async () => {
    const { members } = await groupOf(['unpaid']);
    await world.confirm(members[0]!.placed);
    const id = randomUUID();
    expect(await world.report(members[0]!.name, id)).toBe(true);
    expect(await world.report(members[0]!.name, id)).toBe(false);
    expect(await world.report(members[0]!.name)).toBe(false);
  });

  test('that come too early change nothing, nor do they when they come again; the answer to our own call tells them', async () => {
    const { group, members, order } = await groupOf(['ok']);
    const { name, placed: first } = members[0]!;
    await world.captureAtProvider(first);
    const id = randomUUID();
    expect(await world.report(name, id)).toBe(false);
    expect(await order(0)).toMatchObject({ state: OrderState.AUTHORIZED, paymentState: PaymentState.AUTHORIZED });
    const joiner = await world.customer('too-early');
    await world.pay(placed(await joiner.joinGroup({ name: group, requestId: randomUUID() })));
    expect(await world.report(name, id)).toBe(false);
    expect(await order(0)).toMatchObject({ paymentState: PaymentState.CAPTURING });
    await world.internal.capturePayment({ order: name, attempt: 1 });
    expect(await order(0)).toMatchObject({ state: OrderState.CONFIRMED, paymentState: PaymentState.CAPTURED });
    expect(await world.ledger(name)).toEqual(['authorize', 'capture']);
  });

  test('of a deal are ordered by its versions', async () => {
    const anyone = world.as('anyone');
    const name = await world.deal('versions', { stock: 5, version: 3 });
    await world.deal('versions', { stock: 9, version: 2 });
    expect(await anyone.getDeal({ name })).toMatchObject({ available: 5n });
    await world.apply(name, 5, { case: 'dealClosed', value: {} });
    await world.deal('versions', { stock: 7, version: 4 });
    expect(await anyone.getDeal({ name })).toMatchObject({ available: 5n, state: Deal_State.CLOSED });
  });

  test('of a closed deal that come before its publication keep it off sale and out of sight', async () => {
    const client = await world.customer('early');
    await world.apply('deals/closed-first', 2, { case: 'dealClosed', value: {} });
    const name = await world.deal('closed-first', { version: 1 });
    await expect(client.getDeal({ name })).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(client.openGroup({ deal: name, requestId: randomUUID() })).rejects.toMatchObject({ code: status.NOT_FOUND });
    expect((await client.listDeals({ pageSize: 100 })).deals.map((deal) => deal.name)).not.toContain(name);
  });

  test('of less stock than is sold leave nothing to sell and the orders as they are', async () => {
    const { deal, order } = await groupOf(['ok']);
    expect(await world.deal(deal.slice(6), { stock: 1, version: 2 })).toBe(deal);
    expect((await world.as('anyone').getDeal({ name: deal })).available).toBe(0n);
    expect((await order(0)).state).toBe(OrderState.AUTHORIZED);
  });

  test('of a delivery are taken in behind the shipment', async () => {
    const { members, order } = await groupOf(['ok', 'ok']);
    const [first, second] = members;
    for (const { name } of members) await world.internal.capturePayment({ order: name, attempt: 1 });
    await world.ship(first!.name);
    for (const { name } of members) await world.apply(name, 3, { case: 'orderDelivered', value: {} });
    expect(await order(0)).toMatchObject({ state: OrderState.DELIVERED, trackingNumber: 'SW1' });
    expect((await second!.client.getOrder({ name: second!.name })).state).toBe(OrderState.CONFIRMED);
  });

  test('of a payment that is declined cancel the order', async () => {
    const { members, order } = await groupOf(['unpaid']);
    await world.pay(members[0]!.placed, 'declined');
    expect(await order(0)).toMatchObject({
      state: OrderState.CANCELLED,
      cancelReason: CancelReason.PAYMENT_DECLINED,
      paymentState: PaymentState.FAILED,
    });
  });
});

describe('a shipment', () => {
  test('of a paid order is taken in, again and again, and corrected; from then on the customer cannot cancel', async () => {
    const { members, order } = await groupOf(['ok', 'ok']);
    const [{ name, client }] = members as [(typeof members)[number]];
    await world.internal.capturePayment({ order: name, attempt: 1 });
    for (const trackingNumber of ['SW1', 'SW1', 'SW2']) {
      expect(await world.ship(name, trackingNumber)).toMatchObject({ state: OrderState.SHIPPED, trackingNumber });
    }
    await expect(client.cancelOrder({ name })).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'ORDER_SHIPPED' });
    expect(await order(0)).toMatchObject({ state: OrderState.SHIPPED, paymentState: PaymentState.CAPTURED });
  });

  test('of a cancelled order is refused, and its money goes back', async () => {
    const { members, order } = await groupOf(['ok', 'ok']);
    const [{ name, client }] = members as [(typeof members)[number]];
    await world.internal.capturePayment({ order: name, attempt: 1 });
    await client.cancelOrder({ name });
    await expect(world.ship(name)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'ORDER_CANCELLED' });
    expect(await order(0)).toMatchObject({ state: OrderState.CANCELLED, paymentState: PaymentState.REFUNDING, carrier: '' });
  });

  test('of an order that is not paid, of another partner’s and of none is not found', async () => {
    const { members } = await groupOf(['ok', 'ok']);
    const [first, second] = members;
    await world.internal.capturePayment({ order: second!.name, attempt: 1 });
    for (const ship of [world.ship(first!.name), world.ship(second!.name, 'SW1', 'partners/mallory'), world.ship('orders/none')]) {
      await expect(ship).rejects.toMatchObject({ code: status.NOT_FOUND });
    }
  });
});

describe('the sweep', () => {
  test('expires overdue groups and releases overdue holds that their tasks have missed', async () => {
    await world.internal.sweepOverdue({ limit: 1000 });
    const expiring = await groupOf(['ok']);
    world.passMinutes(50);
    const holding = await groupOf(['unpaid']);
    world.passMinutes(15);
    expect(await world.internal.sweepOverdue({ limit: 100 })).toMatchObject({ expiredGroups: expect.any(Number), releasedHolds: 1 });
    expect(await expiring.state()).toBe(Group_State.EXPIRED);
    expect(await holding.order(0)).toMatchObject({ cancelReason: CancelReason.HOLD_EXPIRED });
  });

  test('asks for payment intents that the provider could not give', async () => {
    serial += 1;
    const client = await world.customer(`c${serial}`);
    const deal = await world.deal(`deal-${serial}`);
    await world.faults({ error_rate: 1 });
    const request = { deal, requestId: randomUUID() };
    expect((await client.openGroup(request)).payment?.id).toBe('');
    expect((await world.internal.sweepOverdue({ limit: 100 })).createdPaymentIntents).toBe(0);
    await world.faults({});
    expect((await world.internal.sweepOverdue({ limit: 100 })).createdPaymentIntents).toBe(1);
    const asked = world.trips.length;
    expect((await client.openGroup(request)).payment?.id).toMatch(/^pi_/);
    expect(world.trips.slice(asked)).not.toContain('customer.setPayment');
  });

  test('repeats captures, voids and refunds whose tasks ran out of attempts in an outage', async () => {
    const full = await groupOf(['ok', 'ok']);
    const [captured, refunded] = full.members;
    const expired = await groupOf(['ok']);
    await world.internal.capturePayment({ order: refunded!.name, attempt: 1 });
    await refunded!.client.cancelOrder({ name: refunded!.name });
    world.passMinutes(60);
    await world.internal.expireGroup({ group: expired.group });
    // Its task is still at it.
    await world.internal.sweepOverdue({ limit: 100 });
    expect(await expired.order(0)).toMatchObject({ paymentState: PaymentState.VOIDING });
    world.passMinutes(15);
    await world.internal.sweepOverdue({ limit: 100 });
    expect(await world.ledger(captured!.name)).toEqual(['authorize', 'capture']);
    expect(await world.ledger(refunded!.name)).toEqual(['authorize', 'capture', 'refund']);
    expect(await world.ledger(expired.members[0]!.name)).toEqual(['authorize', 'void']);
    expect(await full.order(0)).toMatchObject({ state: OrderState.CONFIRMED });
    expect(await world.rows('SELECT id FROM customer.orders WHERE settle_due_time <= $1', [world.clock.now])).toEqual([]);
  });

  test('gives up a capture that is declined after all its attempts, and releases its reservation', async () => {
    const { members, order } = await groupOf(['ok', 'declined-at-capture']);
    world.passMinutes(15);
    await world.internal.sweepOverdue({ limit: 100 });
    expect(await order(1)).toMatchObject({ cancelReason: CancelReason.PAYMENT_DECLINED });
    expect(await world.ledger(members[0]!.name)).toEqual(['authorize', 'capture']);
    world.passMinutes(15);
    await world.internal.sweepOverdue({ limit: 100 });
    expect(await world.ledger(members[1]!.name)).toEqual(['authorize', 'void']);
    expect(await order(1)).toMatchObject({ paymentState: PaymentState.FAILED });
    expect(await world.rows('SELECT id FROM customer.orders WHERE settle_due_time <= $1', [world.clock.now])).toEqual([]);
  });
});

test('events that could not be published stay in the outbox, and the relay sends them', async () => {
  const client = await world.customer('relayed');
  const deal = await world.deal('relayed');
  const publish = world.publisher.publish;
  world.publisher.publish = () => Promise.reject(new Error('Pub/Sub is down'));
  const { group } = placed(await client.openGroup({ deal, requestId: randomUUID() }));
  expect(await world.maintenance.relayOutbox({ limit: 10 })).toMatchObject({ published: 0, failed: 2 });
  world.publisher.publish = publish;
  expect(await world.maintenance.relayOutbox({ limit: 10 })).toMatchObject({ published: 2, failed: 0 });
  expect(world.events(group.name)).toHaveLength(1);
  expect(await world.rows('SELECT id FROM customer.outbox')).toEqual([]);
});

describe('a deal', () => {
  const publish = (id: string, version: number, price: { currencyCode: string; units?: bigint; nanos?: number }) =>
    world.apply(`deals/${id}`, version, {
      case: 'dealPublished',
      value: { partner: 'partners/acme', title: id, price, groupSize: 2, groupLifetime: { seconds: 3600n }, stock: 9n, sku: id },
    });

  test.each([
    [{ currencyCode: 'XXX', units: 1n }, 'currency_code'],
    [{ currencyCode: 'JPY', nanos: 500_000_000 }, 'nanos'],
    [{ currencyCode: 'JPY' }, 'units'],
  ])('does not go on sale at a price that nobody can pay: %o', async (price, field) => {
    await expect(publish('unpayable', 1, price)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      fieldViolations: [{ field: `event.deal_published.price.${field}` }],
    });
    const alice = await world.customer('shopper');
    await expect(alice.getDeal({ name: 'deals/unpayable' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test('stays in the currency of its groups', async () => {
    await publish('steady', 1, { currencyCode: 'JPY', units: 100n });
    const [alice, bob] = await Promise.all([world.customer('steady-alice'), world.customer('steady-bob')]);
    const first = placed(await alice.openGroup({ deal: 'deals/steady', requestId: randomUUID() }));
    await expect(publish('steady', 2, { currencyCode: 'EUR', units: 1n })).rejects.toMatchObject({
      reason: 'EVENT_REFUSED',
    });
    const second = placed(await bob.joinGroup({ name: first.group.name, requestId: randomUUID() }));
    expect([first, second].map(({ order }) => order.total)).toMatchObject([
      { currencyCode: 'JPY', units: 100n },
      { currencyCode: 'JPY', units: 100n },
    ]);
  });

  test('that was closed before it was published is of no currency yet', async () => {
    await world.apply('deals/closed-first', 2, { case: 'dealClosed', value: {} });
    expect(await publish('closed-first', 3, { currencyCode: 'EUR', units: 1n })).toBe(true);
  });
});

import { describe, expect, test } from 'vitest';
import { address, dealWith, minutesAfter } from '../tests/orders.ts';
import type { Change, DomainEvent } from './change.ts';
import type { Deal, Group } from './group.ts';
import { expireGroup, openGroup, PlacementRefused, placeOrder } from './group-lifecycle.ts';
import { isActive, type Order } from './order.ts';
import { applyPaymentNews, cancelOrder, deliverOrder, giveUpCapture, type PaymentStatus, shipOrder } from './order-lifecycle.ts';

/** mulberry32: small, and the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A payment as the provider has it, with every status that it ever told. */
interface Payment {
  status: PaymentStatus | 'unconfirmed';
  readonly told: PaymentStatus[];
}

/** One deal with its groups, and the provider's payments: what the store and the provider keep in earnest. */
class World {
  readonly random: () => number;
  deal: Deal = dealWith({ stock: 12n, groupSize: 3 });
  minute = 0;
  readonly groups = new Map<string, Group>();
  readonly orders = new Map<string, Order>();
  readonly payments = new Map<string, Payment>();
  readonly events: DomainEvent[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  pick<T>(items: Iterable<T>): T | undefined {
    const all = [...items];
    return all[Math.floor(this.random() * all.length)];
  }

  members(group: string): Order[] {
    return [...this.orders.values()].filter((order) => order.group === group);
  }

  write(change: Change | undefined): void {
    if (change === undefined) return;
    this.deal = { ...this.deal, reserved: this.deal.reserved - BigInt(change.releasedUnits) };
    if (change.group) this.groups.set(change.group.id, change.group);
    for (const order of change.orders) this.orders.set(order.id, order);
    this.events.push(...change.events);
  }

  place(): void {
    const group = this.random() < 0.3 ? undefined : this.pick(this.groups.values());
    const orderId = `o${this.orders.size}`;
    const quantity = 1 + Math.floor(this.random() * 2);
    const placement = { customer: orderId, shipTo: address, quantity, orderId, now: minutesAfter(this.minute) };
    try {
      this.write(group ? placeOrder(this.deal, group, placement) : openGroup(this.deal, `g${this.groups.size}`, placement));
      this.payments.set(orderId, { status: 'unconfirmed', told: [] });
    } catch (error) {
      if (!(error instanceof PlacementRefused)) throw error;
    }
  }

  /** The provider moves a payment, as its own table allows: for the customer, or because we ask. */
  provider(): void {
    const [id, payment] = this.pick(this.payments) ?? [];
    const order = id === undefined ? undefined : this.orders.get(id);
    if (payment === undefined || order === undefined) return;
    const tell = (status: PaymentStatus) => {
      payment.status = status;
      payment.told.push(status);
    };
    if (payment.status === 'unconfirmed') {
      tell(this.random() < 0.85 ? 'authorized' : 'declined');
      return;
    }
    const released = this.count('paymentVoidRequested', `orders/${order.id}`) > 0 ? 'voided' : undefined;
    const asked = { CAPTURING: 'captured', VOIDING: 'voided', FAILED: released, REFUNDING: 'refunded' }[order.paymentState as string];
    if (payment.status === 'authorized' && (asked === 'captured' || asked === 'voided')) {
      // What was asked for a moment before may be faster than what is asked for now.
      tell(
        asked === 'voided' &&
          order.cancelReason === 'CUSTOMER' &&
          this.groups.get(order.group)?.state === 'COMPLETED' &&
          this.random() < 0.5
          ? 'captured'
          : asked,
      );
    } else if (payment.status === 'captured' && asked === 'refunded') tell('refunded');
  }

  /** A webhook, whichever: late, repeated, out of order; or the answer to a call, which is the latest. */
  hear(latest: boolean): void {
    const [id, payment] = this.pick(this.payments) ?? [];
    if (id === undefined || payment === undefined || payment.told.length === 0) return;
    const index = latest ? payment.told.length - 1 : Math.floor(this.random() * payment.told.length);
    const order = this.orders.get(id)!;
    const group = this.groups.get(order.group)!;
    const news = { paymentId: `pi_${id}`, status: payment.told[index]!, sequence: BigInt(index + 2) };
    this.write(applyPaymentNews(order, group, this.members(group.id), news, minutesAfter(this.minute)));
  }

  step(): void {
    const dice = this.random();
    const order = this.pick(this.orders.values());
    const group = order && this.groups.get(order.group);
    if (dice < 0.25) this.place();
    else if (dice < 0.5) this.provider();
    else if (dice < 0.75) this.hear(this.random() < 0.3);
    else if (dice < 0.8) this.minute += Math.floor(this.random() * 10);
    else if (order === undefined || group === undefined) return;
    else if (dice < 0.85) this.write(cancelOrder(order, group, 'CUSTOMER'));
    else if (dice < 0.9) this.write(expireGroup(group, this.members(group.id), minutesAfter(this.minute)));
    else if (dice < 0.93 && this.payments.get(order.id)?.status === 'authorized') this.write(giveUpCapture(order, group));
    else if (dice < 0.97)
      this.write(this.random() < 0.5 ? shipOrder(order, { carrier: 'c', trackingNumber: order.id }) : deliverOrder(order));
    else if (order.state === 'PENDING_PAYMENT' && minutesAfter(this.minute) >= order.holdExpireTime) {
      this.write(cancelOrder(order, group, 'HOLD_EXPIRED'));
    }
  }

  /** What must hold after every step. */
  audit(): void {
    const active = [...this.orders.values()].filter(isActive);
    expect(this.deal.reserved).toBe(active.reduce((units, { quantity }) => units + BigInt(quantity), 0n));
    expect(this.deal.reserved <= this.deal.stock).toBe(true);
    for (const group of this.groups.values()) {
      const members = this.members(group.id).filter(isActive);
      if (group.state === 'OPEN') {
        expect([group.taken, group.authorized]).toEqual([members.length, members.filter(({ state }) => state === 'AUTHORIZED').length]);
      }
      if (group.state === 'COMPLETED') expect([group.taken, group.authorized]).toEqual([group.size, group.size]);
      if (group.state === 'EXPIRED') expect(members).toEqual([]);
      expect(group.taken <= group.size).toBe(true);
    }
  }

  /** Everything that is under way comes to its end: deadlines pass, the provider does what it is asked and tells it. */
  settle(): void {
    this.minute += 120;
    for (const group of [...this.groups.values()]) this.write(expireGroup(group, this.members(group.id), minutesAfter(this.minute)));
    for (let round = 0; round < 400; round += 1) {
      this.provider();
      this.hear(true);
    }
    this.audit();
  }

  count(kind: string, aggregate: string): number {
    return this.events.filter((event) => event.payload.case === kind && event.aggregate === aggregate).length;
  }
}

describe.each(Array.from({ length: 40 }, (_, index) => index + 1))('a random walk, seed %i', (seed) => {
  test('keeps places, units and money right', () => {
    const world = new World(seed);
    for (let step = 0; step < 250; step += 1) {
      world.step();
      world.audit();
    }
    world.settle();

    for (const { id, state } of world.groups.values()) {
      expect(world.count('groupCompleted', `groups/${id}`) + world.count('groupExpired', `groups/${id}`)).toBe(1);
      expect(world.count('groupCompleted', `groups/${id}`)).toBe(state === 'COMPLETED' ? 1 : 0);
    }
    for (const order of world.orders.values()) {
      const { status, told } = world.payments.get(order.id)!;
      const complete = world.groups.get(order.group)?.state === 'COMPLETED';
      if (isActive(order)) expect([complete, order.paymentState, status]).toEqual([true, 'CAPTURED', 'captured']);
      else {
        expect(order.cancelReason).toBeDefined();
        // No money is left with us, and nothing stays reserved.
        expect(['unconfirmed', 'declined', 'voided', 'refunded']).toContain(status);
      }
      expect(world.count('paymentVoidRequested', `orders/${order.id}`)).toBeLessThanOrEqual(1);
      expect(told.filter((status) => status === 'voided').length).toBeLessThanOrEqual(1);
      if (!complete && told.includes('authorized')) {
        expect([world.count('paymentVoidRequested', `orders/${order.id}`), order.paymentState]).toEqual([1, 'VOIDED']);
      }
      const versions = world.events.filter(({ aggregate }) => aggregate === `orders/${order.id}`).map(({ version }) => version);
      expect(new Set(versions).size).toBe(versions.length);
    }
  });
});

test('the walks meet what they are about', () => {
  const met = new Set<string>();
  for (let seed = 1; seed <= 40; seed += 1) {
    const world = new World(seed);
    for (let step = 0; step < 250; step += 1) world.step();
    for (const { payload } of world.events) met.add(payload.case ?? '');
    for (const { cancelReason } of world.orders.values()) if (cancelReason) met.add(cancelReason);
  }
  expect([...met]).toEqual(
    expect.arrayContaining([
      'groupCompleted',
      'groupExpired',
      'orderConfirmed',
      'paymentVoidRequested',
      'paymentRefundRequested',
      'CUSTOMER',
      'HOLD_EXPIRED',
      'GROUP_EXPIRED',
      'PAYMENT_DECLINED',
    ]),
  );
});

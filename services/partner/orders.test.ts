import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unavailable } from '../platform/chassis/errors/rpc-error.ts';
import { Order_State as OrderState } from '../platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { type PartnerWorld, shipTo, startPartnerWorld } from './tests/partner-world.ts';

let world: PartnerWorld;
beforeAll(async () => {
  world = await startPartnerWorld();
});
afterAll(() => world?.close());

const refused = (reason: string) => ({ code: status.FAILED_PRECONDITION, reason });

describe('an order', () => {
  test('is shown with its whole address once it is paid, shipped once, and delivered by the carrier', async () => {
    const acme = world.as('shipper');
    await world.confirmed('orders/s1', 'shipper');
    expect((await acme.listOrders({})).orders).toMatchObject([
      { name: 'orders/s1', state: OrderState.TO_SHIP, quantity: 2, total: { units: 2400n }, shipTo },
    ]);
    const parcel = { name: 'orders/s1', carrier: 'hayabusa', trackingNumber: 'SW-s1' };
    for (const _ of [1, 2]) expect(await acme.shipOrder(parcel)).toMatchObject({ state: OrderState.SHIPPED, trackingNumber: 'SW-s1' });
    await expect(acme.shipOrder({ ...parcel, trackingNumber: 'SW-s2' })).rejects.toMatchObject(refused('ORDER_SHIPPED'));
    expect([await world.delivered('SW-s1'), await world.delivered('SW-s1')]).toEqual([true, false]);
    expect((await acme.listOrders({})).orders).toMatchObject([{ state: OrderState.DELIVERED }]);
    expect(world.events('orders/s1')).toMatchObject([
      { kind: 'orderShipped', version: 2n, value: { carrier: 'hayabusa', trackingNumber: 'SW-s1' } },
      { kind: 'orderDelivered', version: 3n },
    ]);
  });

  test('cannot be shipped with the parcel of another', async () => {
    await world.confirmed('orders/p1', 'acme');
    await world.confirmed('orders/p2', 'rival');
    await world.as('acme').shipOrder({ name: 'orders/p1', carrier: 'hayabusa', trackingNumber: 'SW-p' });
    const ship = (carrier: string) => world.as('rival').shipOrder({ name: 'orders/p2', carrier, trackingNumber: 'SW-p' });
    await expect(ship('hayabusa')).rejects.toMatchObject(refused('PARCEL_IN_USE'));
    expect((await ship('other-carrier')).state).toBe(OrderState.SHIPPED);
  });

  test('that was cancelled cannot be shipped', async () => {
    await world.confirmed('orders/c1', 'acme');
    await world.cancelled('orders/c1', 'acme');
    const ship = world.as('acme').shipOrder({ name: 'orders/c1', carrier: 'hayabusa', trackingNumber: 'SW-c1' });
    await expect(ship).rejects.toMatchObject(refused('ORDER_CANCELLED'));
  });
});

describe('an order and its customer', () => {
  const parcel = (name: string) => ({ name, carrier: 'hayabusa', trackingNumber: `SW-${name.slice('orders/'.length)}` });

  test('whose cancellation the partner has not heard of yet cannot be shipped, and nothing of it is written', async () => {
    const acme = world.as('slow');
    await world.confirmed('orders/slow1', 'slow');
    world.cancelledThere.add('slow1');
    await expect(acme.shipOrder(parcel('orders/slow1'))).rejects.toMatchObject(refused('ORDER_CANCELLED'));
    expect((await acme.listOrders({})).orders).toMatchObject([{ state: OrderState.TO_SHIP, trackingNumber: '' }]);
    expect(world.events('orders/slow1')).toEqual([]);
  });

  test('who cannot be asked leaves it to be shipped, by the same call again', async () => {
    const acme = world.as('again');
    await world.confirmed('orders/again1', 'again');
    const { ship } = world.orders;
    world.orders.ship = () => Promise.reject(unavailable('down'));
    await expect(acme.shipOrder(parcel('orders/again1'))).rejects.toMatchObject({ code: status.UNAVAILABLE });
    world.orders.ship = ship;
    expect((await acme.shipOrder(parcel('orders/again1'))).state).toBe(OrderState.SHIPPED);
  });

  test('is asked about nothing that the partner knows to be refused, nor about what is shipped already', async () => {
    const acme = world.as('asker');
    for (const id of ['ask1', 'ask2', 'ask3']) await world.confirmed(`orders/${id}`, 'asker');
    await world.cancelled('orders/ask3', 'asker');
    for (const _ of [1, 2]) await acme.shipOrder(parcel('orders/ask1'));
    await expect(acme.shipOrder({ ...parcel('orders/ask2'), trackingNumber: 'SW-ask1' })).rejects.toMatchObject(refused('PARCEL_IN_USE'));
    await expect(acme.shipOrder(parcel('orders/ask3'))).rejects.toMatchObject(refused('ORDER_CANCELLED'));
    expect(world.askedToShip.filter((id) => id.startsWith('ask'))).toEqual(['ask1']);
  });
});

describe('the stream of orders', () => {
  /** The next messages that tell of an order. */
  async function take(
    stream: AsyncIterator<{ order?: { name: string; state: OrderState } | undefined; resumeToken: string }>,
    count: number,
  ) {
    const taken: { order: string; state: OrderState; resumeToken: string }[] = [];
    while (taken.length < count) {
      const { value } = await stream.next();
      if (value?.order !== undefined) taken.push({ order: value.order.name, state: value.order.state, resumeToken: value.resumeToken });
    }
    return taken;
  }
  const watch = (signal: AbortSignal, resumeToken = '') => world.as('watcher').watchOrders({ resumeToken }, signal)[Symbol.asyncIterator]();

  test('shows what is there, then each change, and resumes exactly behind its token', async () => {
    const abort = new AbortController();
    for (const order of ['orders/w1', 'orders/w2', 'orders/w3']) await world.confirmed(order, 'watcher');
    const stream = watch(abort.signal);
    const there = await take(stream, 3);
    expect(there.map(({ order }) => order)).toEqual(['orders/w1', 'orders/w2', 'orders/w3']);

    await world.as('watcher').shipOrder({ name: 'orders/w1', carrier: 'hayabusa', trackingNumber: 'SW-w1' });
    expect(await take(stream, 1)).toMatchObject([{ order: 'orders/w1', state: OrderState.SHIPPED }]);

    // Behind the second message: the third order, then the first one's change, and nothing older.
    const resumed = await take(watch(abort.signal, there[1]!.resumeToken), 2);
    expect(resumed).toMatchObject([{ order: 'orders/w3' }, { order: 'orders/w1', state: OrderState.SHIPPED }]);
    const caughtUp = await watch(abort.signal, resumed[1]!.resumeToken).next();
    expect([caughtUp.value?.order, caughtUp.value?.resumeToken]).toEqual([undefined, resumed[1]!.resumeToken]);
    abort.abort();
  });

  test('refuses a token that is not its own', async () => {
    for (const token of ['nonsense', Buffer.from('{"change":"-1"}').toString('base64url')]) {
      await expect(watch(new AbortController().signal, token).next()).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });
});

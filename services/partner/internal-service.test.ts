import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ShipmentStatusReported_Status as ShipmentStatus } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { Order_State as OrderState } from '../platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { lamp, type PartnerWorld, shipTo, startPartnerWorld } from './tests/partner-world.ts';

let world: PartnerWorld;
beforeAll(async () => {
  // One transaction in ten is aborted and runs again.
  world = await startPartnerWorld({ abortProbability: 0.1 });
});
afterAll(() => world?.close());

describe('events of orders', () => {
  test('are applied once', async () => {
    const total = { currencyCode: 'JPY', units: 1n };
    const confirmed = { case: 'orderConfirmed', value: { partner: 'partners/acme', deal: 'deals/d', quantity: 1, total, shipTo } } as const;
    const id = randomUUID();
    expect(await world.apply('orders/once', 3, confirmed, id)).toBe(true);
    expect(await world.apply('orders/once', 3, confirmed, id)).toBe(false);
    expect(await world.apply('orders/once', 3, confirmed)).toBe(false);
  });

  test('that come in the wrong order leave a cancelled order cancelled and out of sight', async () => {
    expect(await world.cancelled('orders/early', 'early', 4)).toBe(true);
    expect(await world.confirmed('orders/early', 'early', 3)).toBe(false);
    expect((await world.as('early').listOrders({})).orders).toEqual([]);
    const ship = world.as('early').shipOrder({ name: 'orders/early', carrier: 'hayabusa', trackingNumber: 'SW-early' });
    await expect(ship).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test('of a cancellation stop what is to be shipped, and not what is on its way', async () => {
    const acme = world.as('stopper');
    await world.confirmed('orders/stop1', 'stopper');
    world.passMinutes(1);
    await world.confirmed('orders/stop2', 'stopper');
    await acme.shipOrder({ name: 'orders/stop2', carrier: 'hayabusa', trackingNumber: 'SW-stop2' });
    expect(await world.cancelled('orders/stop1', 'stopper')).toBe(true);
    expect(await world.cancelled('orders/stop2', 'stopper')).toBe(false);
    expect((await acme.listOrders({})).orders.map(({ state }) => state)).toEqual([OrderState.SHIPPED, OrderState.CANCELLED]);
  });

  test('without address or total are not taken in', async () => {
    const value = { partner: 'partners/acme', deal: 'deals/d', quantity: 1 };
    await expect(world.apply('orders/bare', 3, { case: 'orderConfirmed', value })).rejects.toThrow('without address or total');
    expect(await world.rows('SELECT id FROM partner.fulfilments WHERE id = $1', ['bare'])).toEqual([]);
  });

  test.each([
    ['XXX', 1n, 0, 'currency_code'],
    ['JPY', 0n, 500_000_000, 'nanos'],
    ['JPY', 0n, 0, 'units'],
  ])('with a total that nobody can have paid are refused: %s %s and %s nanos', async (currencyCode, units, nanos, field) => {
    const total = { currencyCode, units, nanos };
    const value = { partner: 'partners/acme', deal: 'deals/d', quantity: 1, total, shipTo };
    await expect(world.apply('orders/unpaid', 3, { case: 'orderConfirmed', value })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      fieldViolations: [{ field: `event.order_confirmed.total.${field}` }],
    });
    expect(await world.rows('SELECT id FROM partner.fulfilments WHERE id = $1', ['unpaid'])).toEqual([]);
  });

  test('of a kind that is not ours are refused', async () => {
    await expect(world.apply('groups/g', 1, { case: 'groupCompleted', value: { orders: [] } })).rejects.toMatchObject({
      reason: 'EVENT_REFUSED',
    });
  });
});

test('a fulfilment is described for operators, also one that its partner never hears of, without the address', async () => {
  await world.confirmed('orders/told', 'teller', 3);
  await world.as('teller').shipOrder({ name: 'orders/told', carrier: 'hayabusa', trackingNumber: 'SW-told' });
  expect(await world.internal.describeFulfilment({ order: 'orders/told' })).toMatchObject({
    partner: 'partners/teller',
    state: OrderState.SHIPPED,
    carrier: 'hayabusa',
    trackingNumber: 'SW-told',
    orderVersion: 3n,
  });
  await world.cancelled('orders/untold', 'teller', 4);
  const untold = await world.internal.describeFulfilment({ order: 'orders/untold' });
  expect(untold).toMatchObject({ partner: 'partners/teller', state: OrderState.CANCELLED, orderVersion: 4n });
  await expect(world.internal.describeFulfilment({ order: 'orders/none' })).rejects.toMatchObject({ code: status.NOT_FOUND });
});

describe('events of shipments', () => {
  test('that are faster than the partner are to be repeated', async () => {
    await world.confirmed('orders/fast', 'acme');
    await expect(world.delivered('SW-fast')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await world.as('acme').shipOrder({ name: 'orders/fast', carrier: 'hayabusa', trackingNumber: 'SW-fast' });
    expect(await world.delivered('SW-fast')).toBe(true);
  });

  test('that tell nothing new are acknowledged', async () => {
    const value = { carrier: 'hayabusa', trackingNumber: 'SW-any', status: ShipmentStatus.IN_TRANSIT };
    expect(await world.apply('shipments/hayabusa/SW-any', 1, { case: 'shipmentStatusReported', value })).toBe(false);
  });

  test('of a status that is not known are refused', async () => {
    const value = { carrier: 'hayabusa', trackingNumber: 'SW-any', status: 9 as ShipmentStatus };
    await expect(world.apply('shipments/hayabusa/SW-any', 2, { case: 'shipmentStatusReported', value })).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'EVENT_REFUSED',
    });
  });
});

test('stock levels reach the deals that sell the unit, unless they are closed', async () => {
  const acme = world.as('stocker');
  const make = async (sku: string) => (await acme.createDeal({ deal: { ...lamp, sku }, requestId: randomUUID() })).name;
  const [onSale, draft, closed, other] = await Promise.all([make('u1'), make('u1'), make('u1'), make('u2')]);
  await acme.publishDeal({ name: onSale });
  await acme.closeDeal({ name: closed });
  const levels = [
    { sku: 'u1', stock: 7n },
    { sku: 'unknown', stock: 1n },
  ];
  expect((await world.internal.applyStockLevels({ levels })).updatedDeals).toBe(2);
  expect((await world.internal.applyStockLevels({ levels })).updatedDeals).toBe(0);
  const stock = await Promise.all([onSale, draft, closed, other].map(async (name) => (await acme.getDeal({ name })).stock));
  expect(stock).toEqual([7n, 7n, 10n, 10n]);
  expect(world.events(onSale).map(({ kind, version }) => [kind, version])).toEqual([
    ['dealPublished', 2n],
    ['dealPublished', 3n],
  ]);
  expect(world.events(draft)).toEqual([]);
});

test('many orders that are confirmed and shipped at once get one number each, in an unbroken row', async () => {
  const orders = Array.from({ length: 20 }, (_, index) => `orders/many${index}`);
  await Promise.all(orders.map((order) => world.confirmed(order, 'many')));
  await Promise.all(orders.map((name) => world.as('many').shipOrder({ name, carrier: 'hayabusa', trackingNumber: `SW-${name.slice(7)}` })));
  const rows = await world.rows('SELECT change_number FROM partner.fulfilments WHERE partner = $1 ORDER BY change_number', ['many']);
  expect(rows.map(({ change_number }) => change_number)).toEqual(orders.map((_, index) => BigInt(21 + index)));
});

test('of two orders with one parcel at once, one is shipped', async () => {
  await Promise.all([world.confirmed('orders/twin1', 'acme'), world.confirmed('orders/twin2', 'acme')]);
  const ship = (name: string) => world.as('acme').shipOrder({ name, carrier: 'hayabusa', trackingNumber: 'SW-twin' });
  const results = await Promise.allSettled([ship('orders/twin1'), ship('orders/twin2')]);
  const failed = results.filter((result) => result.status === 'rejected');
  expect(failed.map(({ reason }) => reason.reason)).toEqual(['PARCEL_IN_USE']);
});

test('events that could not be published are sent by the relay', async () => {
  const { publish } = world.publisher;
  const { name } = await world.as('acme').createDeal({ deal: lamp, requestId: randomUUID() });
  world.publisher.publish = () => Promise.reject(new Error('Pub/Sub is down'));
  await world.as('acme').publishDeal({ name });
  expect(await world.maintenance.relayOutbox({ limit: 10 })).toMatchObject({ published: 0, failed: 1 });
  world.publisher.publish = publish;
  expect(await world.maintenance.relayOutbox({ limit: 10 })).toMatchObject({ published: 1, failed: 0 });
  expect(world.events(name)).toHaveLength(1);
});

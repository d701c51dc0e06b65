import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { etagOf } from '../platform/chassis/api/etag.ts';
import { Group_State } from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { audit } from './tests/audit.ts';
import { type CustomerWorld, placed, startCustomerWorld } from './tests/customer-world.ts';

let world: CustomerWorld;
beforeAll(async () => {
  // One transaction in ten is aborted and runs again.
  world = await startCustomerWorld({ abortProbability: 0.1 });
});
afterAll(() => world?.close());
afterEach(() => audit(world));

async function customers(prefix: string, count: number) {
  return Promise.all(Array.from({ length: count }, (_, index) => world.customer(`${prefix}${index}`)));
}

/** How many succeeded, and the reasons of the others. */
async function outcomes<T>(work: readonly Promise<T>[]) {
  const settled = await Promise.allSettled(work);
  const done = settled.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
  const reasons = settled.filter((result) => result.status === 'rejected').map(({ reason }) => reason.reason ?? reason);
  return { done, reasons };
}

test('of many who join at once as many get in as there are places', async () => {
  const [opener, ...joiners] = await customers('places', 25);
  const deal = await world.deal('few-places', { groupSize: 5, stock: 1000 });
  const { group } = placed(await opener!.openGroup({ deal, requestId: randomUUID() }));
  const { done, reasons } = await outcomes(joiners.map((client) => client.joinGroup({ name: group.name, requestId: randomUUID() })));
  expect(done).toHaveLength(4);
  expect(reasons).toEqual(Array(20).fill('GROUP_FULL'));
  expect(await opener!.getGroup({ name: group.name })).toMatchObject({ taken: 5, state: Group_State.OPEN });
});

test('of many who order at once, over several groups, nobody gets a unit that is not there', async () => {
  const [first, second, ...others] = await customers('stock', 24);
  const deal = await world.deal('little-stock', { groupSize: 20, stock: 13 });
  const groups = await Promise.all(
    [first, second].map(async (client) => placed(await client!.openGroup({ deal, quantity: 2, requestId: randomUUID() })).group.name),
  );
  const { done, reasons } = await outcomes(
    others.map((client, index) => client.joinGroup({ name: groups[index % 2]!, quantity: 2, requestId: randomUUID() })),
  );
  expect(done).toHaveLength(4);
  expect(new Set(reasons)).toEqual(new Set(['OUT_OF_STOCK']));
  expect((await first!.getDeal({ name: deal })).available).toBe(1n);
});

test('a request that is sent many times at once places one order', async () => {
  const [client] = await customers('impatient', 1);
  const request = { deal: await world.deal('impatient'), requestId: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 20 }, () => client!.openGroup(request)));
  expect(new Set(answers.map(({ order }) => order?.name)).size).toBe(1);
  expect(await world.rows('SELECT id FROM customer.orders WHERE customer = $1', ['impatient0'])).toHaveLength(1);
});

test('a profile that is made from many devices at once is one profile, with every change counted', async () => {
  const client = world.as('new-everywhere');
  await Promise.all(Array.from({ length: 10 }, (_, index) => client.updateProfile({ profile: { displayName: `name ${index}` } })));
  expect((await client.getProfile({})).etag).toBe(etagOf('customers/new-everywhere', 10n));
});

test('a customer who joins from many devices at once has one place', async () => {
  const [opener, joiner] = await customers('devices', 2);
  const deal = await world.deal('devices', { groupSize: 10 });
  const { group } = placed(await opener!.openGroup({ deal, requestId: randomUUID() }));
  const join = () => joiner!.joinGroup({ name: group.name, requestId: randomUUID() });
  const { done, reasons } = await outcomes(Array.from({ length: 10 }, join));
  expect(done).toHaveLength(1);
  expect(reasons).toEqual(Array(9).fill('ALREADY_MEMBER'));
});

test('payments that arrive at once, each twice, complete the group once', async () => {
  const [opener, ...joiners] = await customers('paying', 8);
  const deal = await world.deal('paying', { groupSize: 8 });
  const opened = placed(await opener!.openGroup({ deal, requestId: randomUUID() }));
  const name = opened.group.name;
  const members = [
    opened,
    ...(await Promise.all(joiners.map((client) => client.joinGroup({ name, requestId: randomUUID() })))).map(placed),
  ];
  await Promise.all(members.map((member) => world.confirm(member)));
  const reports = members.flatMap(({ order }) => [world.report(order.name), world.report(order.name)]);
  expect((await Promise.all(reports)).filter(Boolean)).toHaveLength(8);
  expect(world.events(name).filter(({ case: kind }) => kind === 'groupCompleted')).toHaveLength(1);
  await Promise.all(
    members.flatMap(({ order }) => [1, 1, 2].map((attempt) => world.internal.capturePayment({ order: order.name, attempt }))),
  );
  for (const { order } of members) expect(await world.ledger(order.name)).toEqual(['authorize', 'capture']);
});

test('the last payment and the expiry at once: the group completes or expires, and the money goes with it', async () => {
  for (let round = 0; round < 6; round += 1) {
    const [first, second] = await customers(`race${round}-`, 2);
    const deal = await world.deal(`race-${round}`);
    const opened = placed(await first!.openGroup({ deal, requestId: randomUUID() }));
    const name = opened.group.name;
    const joined = placed(await second!.joinGroup({ name, requestId: randomUUID() }));
    await world.pay(opened);
    await world.confirm(joined);
    const before = world.clock.now;
    // Half of the rounds report just before the deadline, and the expiry comes as soon as it has passed.
    const reported = world.report(joined.order.name);
    if (round % 2 === 0) await reported;
    world.passMinutes(60);
    await Promise.all([reported, world.internal.expireGroup({ group: name })]);
    const { state } = await first!.getGroup({ name });
    for (const [client, { order }] of [
      [first!, opened],
      [second!, joined],
    ] as const) {
      if (state === Group_State.COMPLETED) await world.internal.capturePayment({ order: order.name, attempt: 1 });
      else await world.internal.voidPayment({ order: order.name });
      expect(await world.ledger(order.name)).toEqual(['authorize', state === Group_State.COMPLETED ? 'capture' : 'void']);
      expect((await client.getOrder({ name: order.name })).cancelReason === 0).toBe(state === Group_State.COMPLETED);
    }
    expect(world.events(name).map(({ case: kind }) => kind)).toEqual([
      'groupOpened',
      state === Group_State.COMPLETED ? 'groupCompleted' : 'groupExpired',
    ]);
    world.clock.now = before;
  }
});

test('a cancellation and a capture at once leave no money with us for an order that is over', async () => {
  for (let round = 0; round < 6; round += 1) {
    const [first, second] = await customers(`cancel${round}-`, 2);
    const deal = await world.deal(`cancel-${round}`);
    const opened = placed(await first!.openGroup({ deal, requestId: randomUUID() }));
    await world.pay(opened);
    await world.pay(placed(await second!.joinGroup({ name: opened.group.name, requestId: randomUUID() })));
    const { name } = opened.order;
    await Promise.all([world.internal.capturePayment({ order: name, attempt: 1 }), first!.cancelOrder({ name })]);
    await world.internal.voidPayment({ order: name });
    await world.internal.refundPayment({ order: name });
    expect([
      ['authorize', 'void'],
      ['authorize', 'capture', 'refund'],
    ]).toContainEqual(await world.ledger(name));
  }
});

test('of a cancellation and a shipment at once one wins: refunded and not shipped, or shipped and paid', async () => {
  const outcomes = new Set<string>();
  for (let round = 0; round < 10; round += 1) {
    const [first, second] = await customers(`ship${round}-`, 2);
    const deal = await world.deal(`ship-${round}`);
    const before = (await first!.getDeal({ name: deal })).available;
    const opened = placed(await first!.openGroup({ deal, requestId: randomUUID() }));
    await world.pay(opened);
    await world.pay(placed(await second!.joinGroup({ name: opened.group.name, requestId: randomUUID() })));
    const { name } = opened.order;
    await world.internal.capturePayment({ order: name, attempt: 1 });
    // Whoever comes first here mostly comes first there.
    const early = round % 2 === 0 ? undefined : world.ship(name);
    const calls = [first!.cancelOrder({ name }), early ?? world.ship(name)];
    const settled = await Promise.allSettled(calls);
    const [cancelled, shipped] = settled.map((result) => (result.status === 'rejected' ? result.reason.reason : 'OK'));
    await world.internal.refundPayment({ order: name });
    outcomes.add(`${cancelled} ${shipped} ${(await world.ledger(name)).join(' ')}`);
    // The unit of a shipped order stays taken, that of a cancelled one is free.
    const free = (await first!.getDeal({ name: deal })).available;
    expect(before - free).toBe(cancelled === 'OK' ? 1n : 2n);
  }
  for (const outcome of outcomes) {
    expect(['OK ORDER_CANCELLED authorize capture refund', 'ORDER_SHIPPED OK authorize capture']).toContain(outcome);
  }
  expect(outcomes.size).toBe(2);
});

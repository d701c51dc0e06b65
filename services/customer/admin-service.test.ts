import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CustomerAdminService } from '../platform/contracts/gen/types/kumiko/customer/v1/admin_pb.js';
import { Order_PaymentState as PaymentState } from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { testClient } from '../platform/testing/test-client.ts';
import { customerAdminService } from './admin-service.ts';
import { type CustomerWorld, placed, startCustomerWorld } from './tests/customer-world.ts';

let world: CustomerWorld;
beforeAll(async () => {
  world = await startCustomerWorld();
});
afterAll(() => world?.close());

const operator = () =>
  testClient(CustomerAdminService, customerAdminService({ store: world.store }), { kind: 'operator', email: 'operator@kumiko.example' });

async function openGroup(lifetimeSeconds: number) {
  const deal = await world.deal(`deal-${randomUUID()}`, { lifetimeSeconds });
  const client = await world.customer(`c-${randomUUID()}`);
  return placed(await client.openGroup({ deal, requestId: randomUUID() }));
}

test('groups that are overdue are listed page by page, those that wait for longest first, until they have expired', async () => {
  const groups: string[] = [];
  for (const lifetime of [300, 60, 180]) groups.push((await openGroup(lifetime)).group.name);
  const [last, first, second] = groups;
  expect((await operator().listOverdueGroups({})).groups).toEqual([]);
  world.passMinutes(4);
  expect((await operator().listOverdueGroups({})).groups.map(({ name }) => name)).toEqual([first, second]);
  world.passMinutes(1);
  const page = await operator().listOverdueGroups({ pageSize: 2 });
  expect(page.groups.map(({ name }) => name)).toEqual([first, second]);
  const next = await operator().listOverdueGroups({ pageSize: 2, pageToken: page.nextPageToken });
  expect([next.groups.map(({ name }) => name), next.nextPageToken]).toEqual([[last], '']);
  await world.internal.expireGroup({ group: first! });
  expect((await operator().listOverdueGroups({})).groups.map(({ name }) => name)).toEqual([second, last]);
  await expect(operator().listOverdueGroups({ pageToken: 'none' })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('an order is described with its payment, its versions and nothing of the customer’s own data', async () => {
  const opened = await openGroup(600);
  const { name } = opened.order;
  const before = await world.internal.describeOrder({ order: name });
  expect(before).toMatchObject({
    order: { name },
    partner: 'partners/acme',
    payment: opened.payment?.id,
    paymentSequence: 0n,
    version: 1n,
  });
  expect(before.settleDueTime).toBeUndefined();
  await world.pay(opened);
  world.passMinutes(10);
  await world.internal.expireGroup({ group: opened.group.name });
  const after = await world.internal.describeOrder({ order: name });
  expect(after.order?.paymentState).toBe(PaymentState.VOIDING);
  expect(after.paymentSequence).toBeGreaterThan(0n);
  expect(after.version).toBeGreaterThan(before.version);
  // The sweep takes the void over 15 minutes later.
  expect(Number(after.settleDueTime?.seconds)).toBeCloseTo(world.clock.now.getTime() / 1_000 + 900, -1);
  expect(JSON.stringify(after, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain('Jingumae');
  await expect(world.internal.describeOrder({ order: 'orders/none' })).rejects.toMatchObject({ code: status.NOT_FOUND });
});

test('what waits in the outbox is told by aggregate, and no longer when it is published', async () => {
  const { publish } = world.publisher;
  world.publisher.publish = () => Promise.reject(new Error('Pub/Sub is down'));
  const { order, group } = await openGroup(600);
  world.publisher.publish = publish;
  world.passMinutes(1);
  const waiting = async () => {
    const { events } = await world.maintenance.findWaitingEvents({ aggregates: [order.name, group.name, 'orders/none'] });
    return events.map(({ kind, aggregate, version }) => `${kind} ${aggregate} ${version}`).toSorted();
  };
  const outbox = async () => (await world.maintenance.getBacklog({})).tables[0];
  expect(await waiting()).toEqual([`groupOpened ${group.name} 1`, `orderPlaced ${order.name} 1`]);
  expect(await outbox()).toMatchObject({ table: 'outbox', rows: 2, oldestAge: { seconds: 60n } });
  await world.maintenance.relayOutbox({ limit: 10 });
  expect(await waiting()).toEqual([]);
  expect(await outbox()).toMatchObject({ table: 'outbox', rows: 0 });
  expect((await outbox())?.oldestAge).toBeUndefined();
});

import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { etagOf } from '../platform/chassis/api/etag.ts';
import { Deal_State, Group_State, Order_State } from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { type CustomerWorld, placed, startCustomerWorld } from './tests/customer-world.ts';

let world: CustomerWorld;
beforeAll(async () => {
  world = await startCustomerWorld();
});
afterAll(() => world?.close());

const notFound = { code: status.NOT_FOUND };
const refused = (reason: string) => ({ code: status.FAILED_PRECONDITION, reason });

describe('a profile', () => {
  test('is changed by who knows it as it is; without an etag the last write wins', async () => {
    const client = world.as('etags');
    const { etag: before } = await client.getProfile({});
    const { etag, updateTime } = await client.updateProfile({ profile: { displayName: 'One', etag: before } });
    expect(updateTime).toBeDefined();
    const stale = client.updateProfile({ profile: { displayName: 'Lost', etag: before } });
    await expect(stale).rejects.toMatchObject({ code: status.ABORTED, reason: 'ETAG_MISMATCH', metadata: { resource: 'customers/etags' } });
    await client.updateProfile({ profile: { displayName: 'Two', etag } });
    expect(await client.updateProfile({ profile: { displayName: 'Three' } })).toMatchObject({ displayName: 'Three' });
  });

  test('is empty before the first update', async () => {
    expect(await world.as('nobody').getProfile({})).toMatchObject({
      name: 'customers/nobody',
      displayName: '',
      etag: etagOf('customers/nobody', 0n),
    });
  });

  test('with a name alone has no address, and does not order', async () => {
    const client = world.as('nameless');
    await client.updateProfile({ profile: { displayName: 'Nameless' } });
    expect((await client.getProfile({})).shippingAddress).toBeUndefined();
    const deal = await world.deal('for-nameless');
    await expect(client.openGroup({ deal, requestId: randomUUID() })).rejects.toMatchObject(refused('SHIPPING_ADDRESS_REQUIRED'));
  });

  test('keeps every field of the address and changes only what the mask names', async () => {
    const client = world.as('moved');
    const shippingAddress = {
      regionCode: 'JP',
      languageCode: 'ja',
      postalCode: '150-0001',
      sortingCode: 's',
      administrativeArea: 'Tokyo',
      locality: 'Shibuya',
      sublocality: 'Jingumae',
      addressLines: ['1', '2'],
      recipients: ['Moved'],
      organization: 'Acme',
    };
    await client.updateProfile({ profile: { displayName: 'Moved', shippingAddress } });
    expect((await client.getProfile({})).shippingAddress).toMatchObject(shippingAddress);
    const after = await client.updateProfile({
      profile: { displayName: 'not this', shippingAddress: { ...shippingAddress, locality: 'Meguro' } },
      updateMask: { paths: ['shipping_address.locality'] },
    });
    expect(after).toMatchObject({
      displayName: 'Moved',
      shippingAddress: { ...shippingAddress, locality: 'Meguro' },
      etag: etagOf(after.name, 2n),
    });
  });

  test('is not left with half an address', async () => {
    const update = world.as('halfway').updateProfile({
      profile: { shippingAddress: { regionCode: 'JP', postalCode: '1', addressLines: ['1'] } },
      updateMask: { paths: ['shipping_address.locality'] },
    });
    await expect(update).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, fieldViolations: [{ field: 'profile.shipping_address' }] });
  });
});

describe('deals', () => {
  test('are listed newest first, page by page, while they are on sale', async () => {
    for (const id of ['page-1', 'page-2', 'page-3']) {
      world.passMinutes(1);
      await world.deal(id);
    }
    await world.apply('deals/page-2', 2, { case: 'dealClosed', value: {} });
    const anyone = world.as('anyone');
    const first = await anyone.listDeals({ pageSize: 1 });
    const second = await anyone.listDeals({ pageSize: 1, pageToken: first.nextPageToken });
    expect([...first.deals, ...second.deals].map(({ name }) => name)).toEqual(['deals/page-3', 'deals/page-1']);
    expect((await anyone.getDeal({ name: 'deals/page-2' })).state).toBe(Deal_State.CLOSED);
    await expect(anyone.listDeals({ pageToken: 'nonsense' })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(anyone.getDeal({ name: 'deals/none' })).rejects.toMatchObject(notFound);
  });
});

describe('placing an order', () => {
  test('takes place, units and a payment, and tells the events', async () => {
    const alice = await world.customer('alice');
    const deal = await world.deal('lamp', { stock: 10 });
    const { group, order, payment } = placed(await alice.openGroup({ deal, quantity: 3, requestId: randomUUID() }));
    expect(group).toMatchObject({ deal, state: Group_State.OPEN, size: 2, taken: 1, authorized: 0, ownOrder: order.name });
    expect(order).toMatchObject({ group: group.name, quantity: 3, state: Order_State.PENDING_PAYMENT, total: { units: 3600n } });
    expect(payment).toMatchObject({ provider: 'yamapay', id: expect.stringMatching(/^pi_/), clientToken: expect.stringMatching(/^ct_/) });
    expect((await alice.getDeal({ name: deal })).available).toBe(7n);
    expect(world.events(group.name).map(({ case: kind }) => kind)).toEqual(['groupOpened']);
    expect(world.events(order.name).map(({ case: kind }) => kind)).toEqual(['orderPlaced']);
    expect(await world.rows('SELECT id FROM customer.outbox')).toEqual([]);
  });

  test('is a change of its group and of what is left of its deal', async () => {
    const opener = await world.customer('change-opener');
    const joiner = await world.customer('change-joiner');
    const deal = await world.deal('changes');
    const { updateTime: published } = await opener.getDeal({ name: deal });
    world.passMinutes(1);
    const { group: opened } = placed(await opener.openGroup({ deal, requestId: randomUUID() }));
    world.passMinutes(1);
    const { group: joined } = placed(await joiner.joinGroup({ name: opened.name, requestId: randomUUID() }));
    const seconds = (time: { readonly seconds: bigint } | undefined) => Number(time!.seconds - published!.seconds);
    expect([seconds(opened.updateTime), seconds(joined.updateTime)]).toEqual([60, 120]);
    expect(seconds((await opener.getGroup({ name: opened.name })).updateTime)).toBe(120);
    expect(seconds((await opener.getDeal({ name: deal })).updateTime)).toBe(120);
  });

  test('costs a select, a batch and a commit', async () => {
    const opener = await world.customer('trip-opener');
    const joiner = await world.customer('trip-joiner');
    const deal = await world.deal('trips');
    world.trips.length = 0;
    const { group } = placed(await opener.openGroup({ deal, requestId: randomUUID() }));
    const opening = world.trips.splice(0);
    await joiner.joinGroup({ name: group.name, requestId: randomUUID() });
    const joining = world.trips.splice(0);
    expect(opening.slice(0, 4)).toEqual(['customer.selectOpening', 'batch', 'commit', 'customer.setPayment']);
    expect(joining.slice(0, 4)).toEqual(['customer.selectJoining', 'batch', 'commit', 'customer.setPayment']);
  });

  test('in what does not exist is NOT_FOUND', async () => {
    const alice = await world.customer('alice');
    await expect(alice.openGroup({ deal: 'deals/none', requestId: randomUUID() })).rejects.toMatchObject(notFound);
    await expect(alice.joinGroup({ name: 'groups/none', requestId: randomUUID() })).rejects.toMatchObject(notFound);
  });

  test('is refused with the reason, and leaves nothing', async () => {
    const [a, b, c] = await Promise.all(['ra', 'rb', 'rc'].map((id) => world.customer(id)));
    const deal = await world.deal('refusals', { stock: 5 });
    const { group } = placed(await a!.openGroup({ deal, requestId: randomUUID() }));
    const join = (client = b!, quantity = 1) => client.joinGroup({ name: group.name, quantity, requestId: randomUUID() });
    await expect(join(a)).rejects.toMatchObject(refused('ALREADY_MEMBER'));
    await expect(join(b, 5)).rejects.toMatchObject(refused('OUT_OF_STOCK'));
    await join(b);
    await expect(join(c)).rejects.toMatchObject(refused('GROUP_FULL'));
    expect(await world.rows('SELECT id FROM customer.orders WHERE group_id = $1', [group.name.slice(7)])).toHaveLength(2);
    await world.apply(deal, 2, { case: 'dealClosed', value: {} });
    await expect(c!.openGroup({ deal, requestId: randomUUID() })).rejects.toMatchObject(refused('DEAL_CLOSED'));
    world.passMinutes(60);
    await expect(join(c)).rejects.toMatchObject(refused('GROUP_EXPIRED'));
  });

  test('goes on while the provider is down, and the same request tells the payment later', async () => {
    const dana = await world.customer('dana');
    const request = { deal: await world.deal('provider-down'), requestId: randomUUID() };
    await world.faults({ error_rate: 1 });
    const first = placed(await dana.openGroup(request));
    await world.faults({});
    expect(first.payment).toMatchObject({ provider: 'yamapay', id: '' });
    const second = placed(await dana.openGroup(request));
    expect(second.order.name).toBe(first.order.name);
    expect(second.payment?.id).toMatch(/^pi_/);
  });
});

describe('a request id', () => {
  test('that comes again with the same body gives the first answer and changes nothing', async () => {
    const erin = await world.customer('erin');
    const deal = await world.deal('replayed', { stock: 2 });
    const request = { deal, quantity: 2, requestId: randomUUID() };
    const first = placed(await erin.openGroup(request));
    await world.confirm(first);
    // What would be refused now is answered as it was: stock is gone, the order is paid, the deal is closed.
    await world.report(first.order.name);
    await world.apply(deal, 2, { case: 'dealClosed', value: {} });
    expect(await erin.openGroup(request)).toEqual({ ...first, $typeName: 'kumiko.customer.v1.OpenGroupResponse' });
    expect(await world.rows('SELECT id FROM customer.orders WHERE customer = $1', ['erin'])).toHaveLength(1);
  });

  test('that comes again for a join gives the first answer', async () => {
    const [frank, grace] = await Promise.all([world.customer('frank'), world.customer('grace')]);
    const { group } = placed(await frank.openGroup({ deal: await world.deal('rejoined'), requestId: randomUUID() }));
    const request = { name: group.name, requestId: randomUUID() };
    const answers = await Promise.all([grace.joinGroup(request), grace.joinGroup(request), grace.joinGroup(request)]);
    expect(new Set(answers.map(({ order }) => order?.name)).size).toBe(1);
    expect(new Set(answers.map(({ payment }) => payment?.id)).size).toBe(1);
  });

  test('with another body is INVALID_ARGUMENT, also where the new body would be refused', async () => {
    const heidi = await world.customer('heidi');
    const request = { deal: await world.deal('reused', { stock: 3 }), requestId: randomUUID() };
    await heidi.openGroup(request);
    for (const quantity of [2, 9]) {
      await expect(heidi.openGroup({ ...request, quantity })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });

  test('is the caller’s own', async () => {
    const [ivan, judy] = await Promise.all([world.customer('ivan'), world.customer('judy')]);
    const request = { deal: await world.deal('shared-id'), requestId: randomUUID() };
    const [first, second] = [placed(await ivan.openGroup(request)), placed(await judy.openGroup(request))];
    expect(first.order.name).not.toBe(second.order.name);
  });

  test('of a request that was refused may succeed later', async () => {
    const late = world.as('late-address');
    const request = { deal: await world.deal('later'), requestId: randomUUID() };
    await expect(late.openGroup(request)).rejects.toMatchObject(refused('SHIPPING_ADDRESS_REQUIRED'));
    await world.customer('late-address');
    expect((await late.openGroup(request)).order).toBeDefined();
  });

  test('of an order that is over makes no new payment', async () => {
    const ken = await world.customer('ken');
    const request = { deal: await world.deal('over'), requestId: randomUUID() };
    await world.faults({ error_rate: 1 });
    const { order } = placed(await ken.openGroup(request));
    await world.faults({});
    await ken.cancelOrder({ name: order.name });
    expect((await ken.openGroup(request)).payment).toMatchObject({ id: '', clientToken: '' });
  });
});

describe('orders', () => {
  test('of another customer answer like missing ones, in every method', async () => {
    const [lena, mallory] = await Promise.all([world.customer('lena'), world.customer('mallory')]);
    const { order, group } = placed(await lena.openGroup({ deal: await world.deal('private'), requestId: randomUUID() }));
    const told = async (work: Promise<unknown>, name: string) => {
      const error = await work.then(
        () => undefined,
        (thrown) => thrown,
      );
      return {
        code: error?.code,
        reason: error?.reason,
        message: error?.message.replace(name, '…'),
        metadata: Object.keys(error?.metadata ?? {}),
      };
    };
    expect(await told(mallory.getOrder({ name: order.name }), order.name)).toEqual(
      await told(mallory.getOrder({ name: 'orders/none' }), 'orders/none'),
    );
    expect(await told(mallory.cancelOrder({ name: order.name }), order.name)).toEqual(
      await told(mallory.cancelOrder({ name: 'orders/none' }), 'orders/none'),
    );
    const watch = (name: string) => mallory.watchGroup({ name }, new AbortController().signal)[Symbol.asyncIterator]().next();
    expect(await told(watch(group.name), group.name)).toEqual(await told(watch('groups/none'), 'groups/none'));
    expect((await mallory.listOrders({})).orders).toEqual([]);
    expect((await mallory.getGroup({ name: group.name })).ownOrder).toBe('');
    expect((await lena.getOrder({ name: order.name })).state).toBe(Order_State.PENDING_PAYMENT);
  });

  test('are listed newest first, page by page', async () => {
    const nina = await world.customer('nina');
    const names: string[] = [];
    for (const id of ['n1', 'n2', 'n3']) {
      world.passMinutes(1);
      names.unshift(placed(await nina.openGroup({ deal: await world.deal(id), requestId: randomUUID() })).order.name);
    }
    const first = await nina.listOrders({ pageSize: 2 });
    const second = await nina.listOrders({ pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.orders, ...second.orders].map(({ name }) => name)).toEqual(names);
    expect(second.nextPageToken).toBe('');
  });

  test('that are cancelled free place and units, once', async () => {
    const otto = await world.customer('otto');
    const deal = await world.deal('cancelled', { stock: 4 });
    const { order, group } = placed(await otto.openGroup({ deal, quantity: 4, requestId: randomUUID() }));
    for (const _ of [1, 2]) expect((await otto.cancelOrder({ name: order.name })).state).toBe(Order_State.CANCELLED);
    expect((await otto.getDeal({ name: deal })).available).toBe(4n);
    expect(await otto.getGroup({ name: group.name })).toMatchObject({ taken: 0, ownOrder: '' });
    expect(world.events(order.name).map(({ case: kind }) => kind)).toEqual(['orderPlaced', 'orderCancelled']);
    // The place may be taken again.
    expect((await otto.joinGroup({ name: group.name, requestId: randomUUID() })).order?.name).not.toBe(order.name);
  });
});

describe('watching a group', () => {
  test('shows it at once, then each change, and resumes behind the token', async () => {
    const [pia, quin] = await Promise.all([world.customer('pia'), world.customer('quin')]);
    const { group } = placed(await pia.openGroup({ deal: await world.deal('watched', { groupSize: 3 }), requestId: randomUUID() }));
    const abort = new AbortController();
    const stream = pia.watchGroup({ name: group.name }, abort.signal)[Symbol.asyncIterator]();
    const first = (await stream.next()).value;
    expect(first?.group).toMatchObject({ taken: 1 });
    await quin.joinGroup({ name: group.name, requestId: randomUUID() });
    expect((await stream.next()).value?.group).toMatchObject({ taken: 2 });
    abort.abort();

    const again = new AbortController();
    const resumed = pia.watchGroup({ name: group.name, resumeToken: first?.resumeToken ?? '' }, again.signal)[Symbol.asyncIterator]();
    const { value: change } = await resumed.next();
    expect(change?.group).toMatchObject({ taken: 2 });
    const caughtUp = pia.watchGroup({ name: group.name, resumeToken: change?.resumeToken ?? '' }, again.signal)[Symbol.asyncIterator]();
    // Nothing new: a heartbeat that keeps the place.
    const { value: heartbeat } = await caughtUp.next();
    expect([heartbeat?.group, heartbeat?.resumeToken]).toEqual([undefined, change?.resumeToken]);
    again.abort();
  });

  test('refuses a token that is not its own', async () => {
    const rosa = await world.customer('rosa');
    const { group } = placed(await rosa.openGroup({ deal: await world.deal('token'), requestId: randomUUID() }));
    for (const resumeToken of ['nonsense', Buffer.from('{"version":"x"}').toString('base64url')]) {
      const next = rosa.watchGroup({ name: group.name, resumeToken }, new AbortController().signal)[Symbol.asyncIterator]().next();
      await expect(next).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });
});

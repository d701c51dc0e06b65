import { randomUUID } from 'node:crypto';
import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { etagOf } from '../platform/chassis/api/etag.ts';
import { Deal_State as DealState } from '../platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { lamp, type PartnerWorld, startPartnerWorld } from './tests/partner-world.ts';

let world: PartnerWorld;
beforeAll(async () => {
  world = await startPartnerWorld();
});
afterAll(() => world?.close());

const refused = (reason: string) => ({ code: status.FAILED_PRECONDITION, reason });
const notFound = { code: status.NOT_FOUND };

async function draft(partner = 'acme') {
  const { name } = await world.as(partner).createDeal({ deal: lamp, requestId: randomUUID() });
  return name;
}

async function published(partner = 'acme') {
  const name = await draft(partner);
  await world.as(partner).publishDeal({ name });
  return name;
}

describe('a deal', () => {
  test('is a draft at first, of which customers hear nothing', async () => {
    const deal = await world.as('acme').createDeal({ deal: lamp, requestId: randomUUID() });
    expect(deal).toMatchObject({ ...lamp, state: DealState.DRAFT, groupLifetime: { seconds: 86_400n }, etag: etagOf(deal.name, 1n) });
    await world.as('acme').updateDeal({ deal: { name: deal.name, price: { currencyCode: 'EUR', units: 9n, nanos: 990_000_000 } } });
    expect(await world.as('acme').getDeal({ name: deal.name })).toMatchObject({
      price: { currencyCode: 'EUR', units: 9n, nanos: 990_000_000 },
    });
    expect(world.events(deal.name)).toEqual([]);
  });

  test.each([
    ['XXX', 1n, 0, 'currency_code'],
    ['ZZZ', 1n, 0, 'currency_code'],
    ['JPY', 0n, 500_000_000, 'nanos'],
    ['EUR', 1n, 5_000_000, 'nanos'],
    ['KWD', 1n, 100_000, 'nanos'],
  ])('has no price that nobody can pay: %s %s and %s nanos', async (currencyCode, units, nanos, field) => {
    const acme = world.as('payee');
    const price = { currencyCode, units, nanos };
    const fault = { code: status.INVALID_ARGUMENT, reason: 'INVALID_ARGUMENT', fieldViolations: [{ field: `deal.price.${field}` }] };
    await expect(acme.createDeal({ deal: { ...lamp, price }, requestId: randomUUID() })).rejects.toMatchObject(fault);
    const name = await draft('payee');
    await expect(acme.updateDeal({ deal: { name, price } })).rejects.toMatchObject(fault);
    const paths = ['price.currency_code', 'price.units', 'price.nanos'];
    await expect(acme.updateDeal({ deal: { name, price }, updateMask: { paths } })).rejects.toMatchObject(fault);
    expect((await acme.getDeal({ name })).price).toMatchObject(lamp.price);
  });

  test('keeps its price in whole minor units where only its currency changes', async () => {
    const acme = world.as('payee');
    const { name } = await acme.createDeal({
      deal: { ...lamp, price: { currencyCode: 'EUR', units: 9n, nanos: 990_000_000 } },
      requestId: randomUUID(),
    });
    const toYen = acme.updateDeal({
      deal: { name, price: { currencyCode: 'JPY', units: 1n } },
      updateMask: { paths: ['price.currency_code'] },
    });
    await expect(toYen).rejects.toMatchObject({ fieldViolations: [{ field: 'deal.price.nanos' }] });
  });

  test('that is older than the rule of its price can change and close, and is not published', async () => {
    const acme = world.as('old');
    const name = await draft('old');
    await world.setPrice(name, 500_000n, 'JPY');
    expect(await acme.updateDeal({ deal: { name, title: 'Old lamp' } })).toMatchObject({
      title: 'Old lamp',
      price: { nanos: 500_000_000 },
    });
    await expect(acme.publishDeal({ name })).rejects.toMatchObject(refused('DEAL_INCOMPLETE'));
    expect(await acme.updateDeal({ deal: { name, stock: 3n } })).toMatchObject({ stock: 3n });
    await acme.closeDeal({ name });
  });

  test('is made once for each request id', async () => {
    const request = { deal: lamp, requestId: randomUUID() };
    const names = await Promise.all([1, 2, 3].map(async () => (await world.as('once').createDeal(request)).name));
    expect(new Set(names).size).toBe(1);
    expect((await world.as('once').listDeals({})).deals).toHaveLength(1);
    const other = world.as('once').createDeal({ ...request, deal: { ...lamp, title: 'Other' } });
    await expect(other).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    expect((await world.as('other').createDeal(request)).name).not.toBe(names[0]);
  });

  test('is told to customers when it is published and at each change, with growing versions', async () => {
    const acme = world.as('acme');
    const name = await draft();
    for (const _ of [1, 2]) expect((await acme.publishDeal({ name })).state).toBe(DealState.PUBLISHED);
    await acme.updateDeal({ deal: { name, stock: 50n, title: 'Better lamp' } });
    for (const _ of [1, 2]) expect((await acme.closeDeal({ name })).state).toBe(DealState.CLOSED);
    expect(world.events(name)).toMatchObject([
      { kind: 'dealPublished', version: 2n, value: { partner: 'partners/acme', title: 'Lamp', stock: 10n } },
      { kind: 'dealPublished', version: 3n, value: { title: 'Better lamp', stock: 50n } },
      { kind: 'dealClosed', version: 4n },
    ]);
    await expect(acme.publishDeal({ name })).rejects.toMatchObject(refused('DEAL_CLOSED'));
    await expect(acme.updateDeal({ deal: { name, stock: 1n } })).rejects.toMatchObject(refused('DEAL_CLOSED'));
  });

  test('that is closed as a draft was never there for customers', async () => {
    const name = await draft();
    await world.as('acme').closeDeal({ name });
    expect(world.events(name)).toEqual([]);
  });

  test('that is published keeps price, size and unit', async () => {
    const name = await published();
    const acme = world.as('acme');
    for (const deal of [
      { price: { currencyCode: 'JPY', units: 1n } },
      { price: { currencyCode: 'USD', units: 1200n } },
      { groupSize: 3 },
      { sku: 'x' },
    ]) {
      await expect(acme.updateDeal({ deal: { name, ...deal } })).rejects.toMatchObject(refused('DEAL_PUBLISHED'));
    }
    await expect(acme.updateDeal({ deal: { name }, updateMask: { paths: ['state'] } })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    expect(await acme.getDeal({ name })).toMatchObject({ ...lamp, etag: etagOf(name, 2n) });
  });

  test('without enough stock for a group is not published', async () => {
    const acme = world.as('acme');
    const { name } = await acme.createDeal({ deal: { ...lamp, stock: 1n }, requestId: randomUUID() });
    await expect(acme.publishDeal({ name })).rejects.toMatchObject(refused('DEAL_INCOMPLETE'));
  });

  test('is listed newest first, page by page', async () => {
    const names: string[] = [];
    for (const _ of [1, 2, 3]) {
      world.passMinutes(1);
      names.unshift(await draft('lister'));
    }
    const lister = world.as('lister');
    const first = await lister.listDeals({ pageSize: 2 });
    const second = await lister.listDeals({ pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.deals, ...second.deals].map(({ name }) => name)).toEqual(names);
  });
});

describe('an update', () => {
  test.each([
    ['title', 'deal.title', 'TITLE_REQUIRED'],
    ['sku', 'deal.sku', 'SKU_REQUIRED'],
    ['price', 'deal.price', 'PRICE_REQUIRED'],
    ['group_size', 'deal.group_size', 'GROUP_SIZE_OF_TWO'],
  ])('leaves no deal without %s, draft or published, that none could be made without', async (path, field, reason) => {
    for (const name of [await draft('updater'), await published('updater')]) {
      const update = (paths: string[]) =>
        world
          .as('updater')
          .updateDeal({ deal: { ...lamp, name, [path === 'group_size' ? 'groupSize' : path]: undefined }, updateMask: { paths } });
      for (const paths of [[path], ['*']]) {
        await expect(update(paths)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, fieldViolations: [{ field, reason }] });
      }
      expect(await world.as('updater').getDeal({ name })).toMatchObject(lamp);
    }
  });

  test('with * sets every field of the partner’s, also to nothing', async () => {
    const acme = world.as('updater');
    const { name } = await acme.createDeal({ deal: { ...lamp, description: 'Old' }, requestId: randomUUID() });
    const after = await acme.updateDeal({ deal: { ...lamp, name, title: 'New' }, updateMask: { paths: ['*'] } });
    expect(after).toMatchObject({ ...lamp, title: 'New', description: '', state: DealState.DRAFT });
  });

  test.each(['state', 'titel', 'price.amount', 'title.x', ''])('of the path "%s" is refused by its name', async (path) => {
    const name = await draft('updater');
    const update = world.as('updater').updateDeal({ deal: { ...lamp, name }, updateMask: { paths: ['title', path] } });
    await expect(update).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, fieldViolations: [{ field: 'update_mask' }] });
    await expect(update).rejects.toThrow(`update_mask names ${path}`);
  });
});

describe('an etag', () => {
  const aborted = { code: status.ABORTED, reason: 'ETAG_MISMATCH' };

  test('that is not the deal’s any more, or is another’s, changes nothing, in every method', async () => {
    const acme = world.as('etags');
    const [name, other] = [await draft('etags'), await draft('etags')];
    const { etag } = await acme.getDeal({ name });
    await acme.updateDeal({ deal: { name, title: 'Changed' } });
    const foreign = (await acme.getDeal({ name: other })).etag;
    for (const wrong of [etag, foreign, '"x"']) {
      await expect(acme.updateDeal({ deal: { name, title: 'Lost', etag: wrong } })).rejects.toMatchObject(aborted);
      for (const method of ['publishDeal', 'closeDeal', 'deleteDeal'] as const) {
        await expect(acme[method]({ name, etag: wrong })).rejects.toMatchObject({ ...aborted, metadata: { resource: name } });
      }
    }
    expect(await acme.getDeal({ name })).toMatchObject({ title: 'Changed', state: DealState.DRAFT });
  });

  test('that fits changes the deal; of two updates with the same one, one', async () => {
    const acme = world.as('etags');
    const name = await draft('etags');
    const { etag } = await acme.getDeal({ name });
    const titles = ['One', 'Two', 'Three'];
    const results = await Promise.allSettled(titles.map((title) => acme.updateDeal({ deal: { name, title, etag } })));
    expect(results.filter(({ status: outcome }) => outcome === 'fulfilled')).toHaveLength(1);
    const after = await acme.getDeal({ name });
    expect(titles).toContain(after.title);
    expect((await acme.publishDeal({ name, etag: after.etag })).state).toBe(DealState.PUBLISHED);
  });

  test('of another partner’s deal tells nothing of it', async () => {
    const name = await draft('etags');
    await expect(world.as('mallory').publishDeal({ name, etag: '"x"' })).rejects.toMatchObject(notFound);
  });
});

describe('a draft', () => {
  test('can be deleted, once; what has been on sale cannot', async () => {
    const acme = world.as('deleter');
    const [name, onSale] = [await draft('deleter'), await published('deleter')];
    await acme.deleteDeal({ name });
    await expect(acme.deleteDeal({ name })).rejects.toMatchObject(notFound);
    await expect(acme.getDeal({ name })).rejects.toMatchObject(notFound);
    await expect(acme.deleteDeal({ name: onSale })).rejects.toMatchObject(refused('DEAL_PUBLISHED'));
    await acme.closeDeal({ name: onSale });
    await expect(acme.deleteDeal({ name: onSale })).rejects.toMatchObject(refused('DEAL_PUBLISHED'));
    expect((await acme.listDeals({})).deals.map((deal) => deal.name)).toEqual([onSale]);
  });
});

describe('lists', () => {
  test('of deals are filtered and ordered as they are asked for', async () => {
    const acme = world.as('filterer');
    const made: { name: string; createTime: string }[] = [];
    for (const sku of ['a', 'b', 'a', 'b']) {
      world.passMinutes(1);
      const { name } = await acme.createDeal({ deal: { ...lamp, sku }, requestId: randomUUID() });
      made.push({ name, createTime: world.clock.now.toISOString() });
    }
    const [a1, b1, a2, b2] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0], (typeof made)[0]];
    await acme.publishDeal({ name: a2.name });
    await acme.closeDeal({ name: b2.name });
    const ask = async (filter: string, orderBy = '') => (await acme.listDeals({ filter, orderBy })).deals.map(({ name }) => name);
    expect(await ask('state = STATE_DRAFT')).toEqual([b1.name, a1.name]);
    expect(await ask('sku = a', 'create_time')).toEqual([a1.name, a2.name]);
    expect(await ask('state = STATE_PUBLISHED OR state = STATE_CLOSED')).toEqual([b2.name, a2.name]);
    expect(await ask(`NOT state = STATE_CLOSED AND create_time > "${b1.createTime}"`)).toEqual([a2.name]);
    expect(await ask('sku = "a\' OR 1=1 --"')).toEqual([]);
    const first = await acme.listDeals({ filter: 'state != STATE_CLOSED', orderBy: 'create_time', pageSize: 2 });
    const second = await acme.listDeals({
      filter: 'state != STATE_CLOSED',
      orderBy: 'create_time',
      pageSize: 2,
      pageToken: first.nextPageToken,
    });
    expect([...first.deals, ...second.deals].map(({ name }) => name)).toEqual([a1.name, b1.name, a2.name]);
    const other = acme.listDeals({ filter: 'state = STATE_DRAFT', orderBy: 'create_time', pageToken: first.nextPageToken });
    await expect(other).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, fieldViolations: [{ field: 'page_token' }] });
  });

  test('of orders are filtered by state and time', async () => {
    const acme = world.as('orderer');
    for (const order of ['orders/f1', 'orders/f2', 'orders/f3']) {
      world.passMinutes(1);
      await world.confirmed(order, 'orderer');
    }
    await acme.shipOrder({ name: 'orders/f2', carrier: 'hayabusa', trackingNumber: 'SW-f2' });
    const names = async (filter: string) => (await acme.listOrders({ filter })).orders.map(({ name }) => name);
    expect(await names('state = STATE_TO_SHIP')).toEqual(['orders/f3', 'orders/f1']);
    const [, { createTime }] = (await acme.listOrders({})).orders as [unknown, { createTime: Timestamp }];
    expect(await names(`create_time >= ${timestampDate(createTime).toISOString()}`)).toEqual(['orders/f3', 'orders/f2']);
  });
});

describe("another partner's", () => {
  test('deals and orders answer like missing ones, in every method', async () => {
    const deal = await published('acme');
    await world.confirmed('orders/private', 'acme');
    const mallory = world.as('mallory');
    const methods = {
      getDeal: (name: string) => mallory.getDeal({ name }),
      updateDeal: (name: string) => mallory.updateDeal({ deal: { name, stock: 1n } }),
      publishDeal: (name: string) => mallory.publishDeal({ name }),
      closeDeal: (name: string) => mallory.closeDeal({ name }),
      deleteDeal: (name: string) => mallory.deleteDeal({ name }),
    };
    const ship = (name: string) => mallory.shipOrder({ name, carrier: 'hayabusa', trackingNumber: 'SWX' });
    const told = async (work: Promise<unknown>, name: string) => {
      const { code, reason, message, metadata } = await work.then(
        () => ({ code: status.OK, reason: '', message: '', metadata: {} }),
        (error) => error,
      );
      return { code, reason, message: message.replace(name, '…'), keys: Object.keys(metadata) };
    };
    for (const method of Object.values(methods)) {
      expect(await told(method(deal), deal)).toEqual({ ...(await told(method('deals/none'), 'deals/none')), code: status.NOT_FOUND });
    }
    expect(await told(ship('orders/private'), 'orders/private')).toEqual(await told(ship('orders/none'), 'orders/none'));
    await expect(ship('orders/private')).rejects.toMatchObject(notFound);
    expect((await mallory.listDeals({})).deals).toEqual([]);
    expect((await mallory.listOrders({})).orders).toEqual([]);
    const abort = new AbortController();
    const { value: first } = await mallory.watchOrders({}, abort.signal)[Symbol.asyncIterator]().next();
    abort.abort();
    expect(first?.order).toBeUndefined();
  });
});

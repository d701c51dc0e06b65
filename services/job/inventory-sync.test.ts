import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startInventory } from '../../deploy/local/outside-world/inventory/inventory.ts';
import { type LocalServer, systemClock } from '../../deploy/local/shared/local-server.ts';
import { Secret } from '../platform/chassis/process/secret.ts';
import { JobService } from '../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { type ServiceDatabase, startServiceDatabase } from '../platform/testing/service-database.ts';
import { testClient } from '../platform/testing/test-client.ts';
import { InventoryClient } from './inventory-client.ts';
import { InventorySync } from './inventory-sync.ts';
import { createRunAlone } from './schedules.ts';
import { jobService } from './service.ts';
import { JobStore } from './store/store.ts';
import { fakeOwners, refusing } from './tests/fake-owners.ts';

let spanner: ServiceDatabase;
let inventory: LocalServer;
const stateDir = mkdtempSync(join(tmpdir(), 'inventory-sync-'));
const itemCount = 1200;

beforeAll(async () => {
  spanner = await startServiceDatabase();
  inventory = await startInventory({ port: 0, stateDir, clock: systemClock, key: 'key' });
  await Promise.all(
    Array.from({ length: itemCount }, (_, index) => outside('PUT', `/v1/stock/sku-${String(index).padStart(4, '0')}`, { stock: index })),
  );
});
afterAll(async () => {
  await inventory?.close();
  await spanner?.close();
  rmSync(stateDir, { recursive: true, force: true });
});
beforeEach(async () => {
  await outside('POST', '/control/faults', {});
  // A run would go on where the one of the test before did not come to its end.
  await spanner.database.transact((tx) => tx.execute({ name: 'test.forget', text: 'DELETE FROM job.job_runs WHERE true' }));
});

async function outside(method: string, path: string, body: object): Promise<void> {
  const headers = { authorization: 'Bearer key', 'content-type': 'application/json' };
  await (await fetch(`http://127.0.0.1:${inventory.port}${path}`, { method, headers, body: JSON.stringify(body) })).text();
}

function start(answers: Parameters<typeof fakeOwners>[0] = {}, key = 'key', url = `http://127.0.0.1:${inventory.port}`) {
  const { owners, calls } = fakeOwners(answers);
  const store = new JobStore({ database: spanner.database, now: () => new Date() });
  const sync = new InventorySync({
    inventory: new InventoryClient({ url, key: new Secret(key) }),
    partner: owners.partner,
    store,
  });
  const tasks = { enqueue: () => Promise.reject(new Error('not here')), find: async () => undefined, close: async () => {} };
  const jobs = testClient(
    JobService,
    jobService({
      owners,
      tasks,
      inventorySync: sync,
      runAlone: createRunAlone(store),
    }),
    { kind: 'trigger', email: 'scheduler@example' },
  );
  return { jobs, calls };
}

const lastRun = async () => (await spanner.rows('SELECT * FROM job.job_runs ORDER BY start_time DESC LIMIT 1'))[0];

test('takes over the whole stock, page by page, and records the run', async () => {
  const { jobs, calls } = start({ 'partner.applyStockLevels': () => ({ updatedDeals: 3 }) });
  const { jobRun, items, updatedDeals } = await jobs.syncInventory({});
  expect({ items, updatedDeals }).toEqual({ items: itemCount, updatedDeals: 6 });
  const levels = calls.flatMap(({ request }) => (request as { levels: { sku: string; stock: bigint }[] }).levels);
  expect([calls.length, levels.length, levels[7]]).toEqual([2, itemCount, { sku: 'sku-0007', stock: 7n }]);
  expect(await lastRun()).toMatchObject({
    id: jobRun.slice(8),
    job: 'sync-inventory',
    state: 'SUCCEEDED',
    items: 1200n,
    changed: 6n,
    failure: null,
  });
});

test('that the owner ends half-way says how far it came', async () => {
  let page = 0;
  const { jobs } = start({
    'partner.applyStockLevels': () => {
      page += 1;
      return page === 1 ? { updatedDeals: 1 } : refusing(status.UNAVAILABLE)();
    },
  });
  await expect(jobs.syncInventory({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  expect(await lastRun()).toMatchObject({ state: 'FAILED', items: 1000n, changed: 1n, failure: expect.stringContaining('UNAVAILABLE') });
});

test('the next run goes on where one did not come to its end, and the one after begins anew', async () => {
  let page = 0;
  const { jobs, calls } = start({
    'partner.applyStockLevels': () => {
      page += 1;
      return page === 2 ? refusing(status.UNAVAILABLE)() : { updatedDeals: 0 };
    },
  });
  const first = () => (calls.at(-1)?.request as { levels: { sku: string }[] } | undefined)?.levels[0]?.sku;
  await expect(jobs.syncInventory({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  expect((await jobs.syncInventory({})).items).toBe(itemCount - 1000);
  expect(first()).toBe('sku-1000');
  expect((await jobs.syncInventory({})).items).toBe(itemCount);
});

test('a position that the inventory system no longer knows is given up: the next run begins anew', async () => {
  const store = new JobStore({ database: spanner.database, now: () => new Date() });
  await store.start('killed', 'sync-inventory', 'not~a~token');
  const { jobs } = start();
  await expect(jobs.syncInventory({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  expect((await jobs.syncInventory({})).items).toBe(itemCount);
});

test('an item is taken over in every form that JSON gives to it', async () => {
  const items =
    '[{"sku":"a","stock":"5"},{"sku":7,"stock":5.0},{"sku":"b","stock":9007199254740993},{"sku":"c\\u0000","stock":1},{"sku":"\\ud800","stock":1}]';
  const other = createServer((_, response) => response.end(`{"items":${items},"next_page_token":""}`));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { jobs, calls } = start({}, undefined, `http://127.0.0.1:${(other.address() as AddressInfo).port}`);
  await jobs.syncInventory({});
  other.close();
  expect(calls[0]?.request).toEqual({
    levels: [
      { sku: 'a', stock: 5n },
      { sku: '7', stock: 5n },
      { sku: 'b', stock: 9_007_199_254_740_993n },
    ],
  });
  // What no row can hold would have cost the whole page.
  expect(await lastRun()).toMatchObject({ state: 'SUCCEEDED', rejected: 2n });
});

test('an item that cannot be used is counted, and the others are taken over', async () => {
  const items = [{ sku: 'good', stock: 1 }, { sku: 'bad', stock: -1 }, { sku: '', stock: 1 }, 'none', { sku: 'fine', stock: 0 }];
  const other = createServer((_, response) => response.end(JSON.stringify({ items, next_page_token: '' })));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const { jobs, calls } = start({}, undefined, `http://127.0.0.1:${port}`);
  expect((await jobs.syncInventory({})).items).toBe(2);
  expect(calls[0]?.request).toEqual({
    levels: [
      { sku: 'good', stock: 1n },
      { sku: 'fine', stock: 0n },
    ],
  });
  expect(await lastRun()).toMatchObject({ state: 'SUCCEEDED', items: 2n, rejected: 3n });
  other.close();
});

test.each([
  ['fails', 'key', { error_rate: 1 }, 'HTTP 500'],
  ['refuses the key', 'wrong', {}, 'HTTP 401'],
])('that the inventory system %s is to be repeated', async (_, key, faults, failure) => {
  await outside('POST', '/control/faults', faults);
  const { jobs, calls } = start({}, key);
  await expect(jobs.syncInventory({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  expect(calls).toEqual([]);
  expect((await lastRun())?.['failure']).toContain(failure);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startInventory } from '../../deploy/local/inventory/inventory.ts';
import { type LocalServer, systemClock } from '../../deploy/local/local-server.ts';
import { Secret } from '../chassis/secret.ts';
import { testClient } from '../chassis/tests/test-client.ts';
import { type ServiceDatabase, startServiceDatabase } from '../cloud/tests/service-database.ts';
import { JobService } from '../contracts/gen/types/kumiko/job/v1/job_pb.js';
import { InventoryClient } from './inventory-client.ts';
import { InventorySync } from './inventory-sync.ts';
import { createRunAlone } from './schedules.ts';
import { jobService } from './service.ts';
import { JobStore } from './store.ts';
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
beforeEach(() => outside('POST', '/control/faults', {}));

async function outside(method: string, path: string, body: object): Promise<void> {
  const headers = { authorization: 'Bearer key', 'content-type': 'application/json' };
  await (await fetch(`http://127.0.0.1:${inventory.port}${path}`, { method, headers, body: JSON.stringify(body) })).text();
}

function start(answers: Parameters<typeof fakeOwners>[0], key = 'key') {
  const { owners, calls } = fakeOwners(answers);
  const store = new JobStore({ database: spanner.database, now: () => new Date() });
  const sync = new InventorySync({
    inventory: new InventoryClient({ url: `http://127.0.0.1:${inventory.port}`, key: new Secret(key) }),
    partner: owners.partner,
    store,
  });
  const tasks = { enqueue: () => Promise.reject(new Error('not here')), close: async () => {} };
  const jobs = testClient(
    JobService,
    jobService({
      owners,
      tasks,
      inventorySync: sync,
      history: { prune: async () => 0 },
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

test.each([
  ['fails', 'key', { error_rate: 1 }, 'HTTP 500'],
  ['refuses the key', 'wrong', {}, 'HTTP 401'],
])('that the inventory system %s is to be repeated', async (_, key, faults, failure) => {
  await outside('POST', '/control/faults', faults);
  const { jobs, calls } = start({}, key);
  await expect(jobs.syncInventory({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  expect(calls).toEqual([]);
  expect((await lastRun())?.failure).toContain(failure);
});

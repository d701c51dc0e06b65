import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobService } from '../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { type ServiceDatabase, startServiceDatabase } from '../platform/testing/service-database.ts';
import { testClient } from '../platform/testing/test-client.ts';
import type { InventorySync } from './inventory-sync.ts';
import { createRunAlone } from './schedules.ts';
import { jobService } from './service.ts';
import { JobStore } from './store/store.ts';
import { fakeOwners } from './tests/fake-owners.ts';

let spanner: ServiceDatabase;
let time = Date.UTC(2026, 0, 1);

beforeAll(async () => {
  spanner = await startServiceDatabase();
});
afterAll(() => spanner.close());

/** An instance of the service; its database is that of all. */
function instance(sweep: () => unknown) {
  const { owners } = fakeOwners({
    'customer.sweepOverdue': sweep,
    'customer.relayOutbox': () => ({ published: 1, failed: 0 }),
    'partner.relayOutbox': () => {
      throw new Error('down');
    },
    'webhook.relayOutbox': () => ({ published: 2, failed: 1 }),
  });
  const tasks = { enqueue: () => Promise.reject(new Error('not here')), find: async () => undefined, close: async () => {} };
  const runAlone = createRunAlone(new JobStore({ database: spanner.database, now: () => new Date(time) }));
  const handlers = jobService({ owners, tasks, inventorySync: {} as InventorySync, runAlone });
  return testClient(JobService, handlers, { kind: 'trigger', email: 'scheduler@example' });
}

test('a tick does nothing while another run is under way, and the next one does', async () => {
  let letGo = () => {};
  let started = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const first = instance(async () => {
    started();
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
    return { expiredGroups: 1 };
  });
  const second = instance(() => ({ expiredGroups: 5 }));
  const run = first.sweepOverdueGroups({});
  await running;
  expect((await second.sweepOverdueGroups({})).expiredGroups).toBe(0);
  // Another job is not concerned.
  expect((await second.relayOutbox({})).published).toBe(3);
  letGo();
  expect((await run).expiredGroups).toBe(1);
  expect((await second.sweepOverdueGroups({})).expiredGroups).toBe(5);
});

test('the lease of a run that was killed ends by its time', async () => {
  await new JobStore({ database: spanner.database, now: () => new Date(time) }).takeLease('sweep-overdue-groups', 'killed', 70_000);
  const jobs = instance(() => ({ expiredGroups: 2 }));
  expect((await jobs.sweepOverdueGroups({})).expiredGroups).toBe(0);
  time += 70_001;
  expect((await jobs.sweepOverdueGroups({})).expiredGroups).toBe(2);
});

test('of two first ticks one runs', async () => {
  const stores = [1, 2, 3].map(() => new JobStore({ database: spanner.database, now: () => new Date(time) }));
  const taken = await Promise.all(stores.map((store, index) => store.takeLease('first', String(index), 1000)));
  expect(taken.filter(Boolean)).toHaveLength(1);
});

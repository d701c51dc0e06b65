import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ServiceDatabase, startServiceDatabase } from '../../testing/service-database.ts';
import { inboxInsert } from '../events/inbox.ts';
import { createHistory, inboxTable, requestsTable } from './history.ts';
import { requestInsert } from './request-ids.ts';

const now = new Date('2026-03-01T00:00:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 24 * 3_600_000);
let spanner: ServiceDatabase;

beforeAll(async () => {
  spanner = await startServiceDatabase();
});
afterAll(() => spanner.close());

const history = () =>
  createHistory({ schema: 'customer', tables: [inboxTable, requestsTable], database: spanner.database, now: () => now });
const left = async (column: string, table: string) =>
  (await spanner.rows(`SELECT ${column} AS id FROM customer.${table} ORDER BY 1`)).map(({ id }) => id);

beforeEach(async () => {
  const key = (requestId: string) => ({ caller: 'alice', method: 'OpenGroup', requestId, fingerprint: '' });
  await spanner.database.transact(async (tx) => {
    await tx.execute({ name: 'test.clearInbox', text: 'DELETE FROM customer.inbox WHERE true' });
    await tx.execute({ name: 'test.clearRequests', text: 'DELETE FROM customer.requests WHERE true' });
    await tx.batch([
      inboxInsert('customer', 'oldest', daysAgo(60)),
      inboxInsert('customer', 'old', daysAgo(31)),
      inboxInsert('customer', 'young', daysAgo(29)),
      requestInsert('customer', key('yesterday'), new Uint8Array(), daysAgo(2)),
      requestInsert('customer', key('today'), new Uint8Array(), daysAgo(0.5)),
    ]);
  });
});

test('rows go when their time is over, and no sooner', async () => {
  expect(await history().prune(1000)).toBe(3);
  expect(await left('event_id', 'inbox')).toEqual(['young']);
  expect(await left('request_id', 'requests')).toEqual(['today']);
  expect(await history().prune(1000)).toBe(0);
});

test('no more than the limit goes at a time, the oldest first', async () => {
  expect(await history().prune(1)).toBe(2);
  expect(await left('event_id', 'inbox')).toEqual(['old', 'young']);
  expect(await history().prune(1)).toBe(1);
  expect(await left('event_id', 'inbox')).toEqual(['young']);
});

test('tells how much is in each table, and how old the oldest row is', async () => {
  const daySeconds = 86_400;
  expect(await history().depths()).toEqual([
    { table: 'inbox', rows: 3, oldestSeconds: 60 * daySeconds },
    { table: 'requests', rows: 2, oldestSeconds: 2 * daySeconds },
  ]);
  await spanner.database.transact((tx) => tx.execute({ name: 'test.clearInbox', text: 'DELETE FROM customer.inbox WHERE true' }));
  expect((await history().depths())[0]).toEqual({ table: 'inbox', rows: 0, oldestSeconds: undefined });
});

import type { Transaction } from '@google-cloud/spanner';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AdvanceableClock, createAdvanceableClock } from '../../../shared/clock/advanceable-clock.ts';
import type { google } from '../api/spanner-api.ts';
import { DATABASE, openRawClient, openTestDatabase, sql, type TestDatabase } from '../test-database.ts';

type ResultSet = google.spanner.v1.IResultSet;

let clock: AdvanceableClock;
let test: TestDatabase;
let raw: ReturnType<typeof openRawClient>;
const session = `${DATABASE}/sessions/any`;

beforeAll(async () => {
  // Stands still until it is moved: nobody loses a lock unless a test says so.
  clock = createAdvanceableClock({ now: () => Date.UTC(2026, 0, 1), schedule: () => () => {} });
  test = await openTestDatabase({ clock }, [
    'CREATE TABLE counters (id text PRIMARY KEY, n bigint NOT NULL)',
    'CREATE TABLE stamps (id text PRIMARY KEY, at spanner.commit_timestamp)',
  ]);
  raw = openRawClient(test.server.port);
});

afterAll(async () => {
  raw.close();
  await test.close();
});

beforeEach(() =>
  transact((tx) => tx.runUpdate(`INSERT INTO counters VALUES ('c', 0) ON CONFLICT (id) DO UPDATE SET id = excluded.id, n = excluded.n`)),
);

/** Runs a body and commits; rolls back where it throws, as Google's client leaves to its user. */
function transact<T>(body: (tx: Transaction) => Promise<T>): Promise<T> {
  return test.database.runTransactionAsync(async (tx) => {
    try {
      const result = await body(tx);
      await tx.commit();
      return result;
    } catch (error) {
      if (tx.id !== undefined) await tx.rollback();
      throw error;
    }
  });
}

async function counter(reader: { run(query: string): Promise<unknown> } = test.database): Promise<number> {
  const [rows] = (await reader.run(`SELECT n FROM counters WHERE id = 'c'`)) as [{ toJSON(): { n: number } }[]];
  return rows[0]!.toJSON().n;
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 0,
    (error: { code: number }) => error.code,
  );

/** Begins a transaction with a write, and says nothing more. */
async function beginWithWrite(text = `UPDATE counters SET n = 100 WHERE id = 'c'`): Promise<Uint8Array> {
  const { metadata } = await raw.call<ResultSet>('ExecuteSql', { session, sql: text, seqno: 1, transaction: { begin: { readWrite: {} } } });
  return metadata!.transaction!.id as Uint8Array;
}

describe('concurrent transactions', () => {
  it('lose no increment', async () => {
    const increment = () =>
      transact(async (tx) => {
        const n = await counter(tx);
        await tx.runUpdate(sql(`UPDATE counters SET n = $1 WHERE id = 'c'`, String(n + 1)));
      });
    await Promise.all(Array.from({ length: 60 }, increment));
    expect(await counter()).toBe(60);
  });

  it('lose no increment while every third is aborted', async () => {
    const aborting = await openTestDatabase({ abortProbability: 0.34, abortSeed: 7 }, [
      'CREATE TABLE counters (id text PRIMARY KEY, n bigint)',
    ]);
    let runs = 0;
    try {
      const add = (text: string) =>
        aborting.database.runTransactionAsync(async (tx) => {
          runs += 1;
          await tx.runUpdate(text);
          await tx.commit();
        });
      await add(`INSERT INTO counters VALUES ('c', 0)`);
      await Promise.all(Array.from({ length: 60 }, () => add(`UPDATE counters SET n = n + 1 WHERE id = 'c'`)));
      expect(await counter(aborting.database)).toBe(60);
      expect(runs).toBeGreaterThan(61);
    } finally {
      await aborting.close();
    }
  });

  it('may run their own statements at the same time', async () => {
    const counts = await transact((tx) =>
      Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          tx.runUpdate(sql('INSERT INTO counters VALUES ($1, 0)', `parallel-${n}`)).then(([count]) => count),
        ),
      ),
    );
    expect(counts).toEqual(Array(8).fill(1));
  });
});

describe('reads from outside', () => {
  it('never see what is not committed, and do not disturb who writes it', async () => {
    await transact(async (tx) => {
      await tx.runUpdate(`UPDATE counters SET n = n + 5 WHERE id = 'c'`);
      expect(await counter()).toBe(0);
      expect(await counter(tx)).toBe(5);
      await tx.runUpdate(`UPDATE counters SET n = n + 5 WHERE id = 'c'`);
      expect(await counter()).toBe(0);
    });
    expect(await counter()).toBe(10);
  });

  it('abort a transaction whose write cannot be repeated with the same answer', async () => {
    const id = await beginWithWrite(`UPDATE counters SET n = 1 WHERE id = 'c' RETURNING spanner.generate_uuid()`);
    expect(await counter()).toBe(0);
    expect(await codeOf(raw.call('Commit', { session, transactionId: id }))).toBe(10);
    expect(await counter()).toBe(0);
  });

  it('run in a read-only transaction, with its read timestamp', async () => {
    const [snapshot] = await test.database.getSnapshot();
    expect(await counter(snapshot as never)).toBe(0);
    expect(snapshot.readTimestamp?.getTime()).toBeGreaterThan(0);
    snapshot.end();
  });
});

describe('ABORTED', () => {
  it.each(['statement', 'commit'] as const)('at the %s makes the client run the body again, and says when', async (point) => {
    let runs = 0;
    test.server.abortNext(point);
    await transact(async (tx) => {
      runs += 1;
      await tx.runUpdate(`UPDATE counters SET n = n + 1 WHERE id = 'c'`);
    });
    expect(runs).toBe(2);
    expect(await counter()).toBe(1);
    // Without RetryInfo the client waits for 2 s at least.
    test.server.abortNext(point);
    const again = async () => raw.call('Commit', { session, transactionId: await beginWithWrite() });
    await expect(again()).rejects.toSatisfy(({ metadata }: ServiceError) => metadata.get('google.rpc.retryinfo-bin').length === 1);
  });

  it('reaches a batch as the status of its call', async () => {
    test.server.abortNext('statement');
    const request = {
      session,
      seqno: 1,
      statements: [{ sql: `UPDATE counters SET n = 1 WHERE id = 'c'` }],
      transaction: { begin: { readWrite: {} } },
    };
    expect(await codeOf(raw.call('ExecuteBatchDml', request))).toBe(10);
  });

  it('answers whoever names an unknown transaction', async () => {
    const transaction = { id: Buffer.from('never-begun') };
    expect(await codeOf(raw.call('ExecuteSql', { session, sql: 'SELECT 1', transaction }))).toBe(10);
    expect(await codeOf(raw.call('Commit', { session, transactionId: transaction.id }))).toBe(10);
    expect(await codeOf(raw.call('Rollback', { session, transactionId: transaction.id }))).toBe(0);
  });
});

describe('a client that is not heard of', () => {
  it('loses its transaction to one who waits, after 2 s', async () => {
    const id = await beginWithWrite();
    const next = transact((tx) => tx.runUpdate(`UPDATE counters SET n = n + 1 WHERE id = 'c'`));
    await expect.poll(() => clock.nextDue()).toBeDefined();
    clock.advance(2_000);
    await next;
    expect(await codeOf(raw.call('Commit', { session, transactionId: id }))).toBe(10);
    expect(await counter()).toBe(1);
  });

  it('keeps its transaction where nobody waits, but not for more than 10 s', async () => {
    const kept = await beginWithWrite();
    clock.advance(9_000);
    expect(await codeOf(raw.call('Commit', { session, transactionId: kept }))).toBe(0);
    const lost = await beginWithWrite();
    clock.advance(11_000);
    expect(await codeOf(raw.call('Commit', { session, transactionId: lost }))).toBe(10);
  });

  it('does not get the lock after it gave up waiting for it', async () => {
    const id = await beginWithWrite();
    const waiting = raw.start('ExecuteSql', { session, sql: `DELETE FROM counters`, seqno: 1, transaction: { begin: { readWrite: {} } } });
    const after = transact((tx) => tx.runUpdate(`UPDATE counters SET n = n + 1 WHERE id = 'c'`));
    await expect.poll(() => clock.nextDue()).toBeDefined();
    waiting.cancel();
    expect(await codeOf(waiting.answer)).toBe(1);
    await raw.call('Commit', { session, transactionId: id });
    await after;
    expect(await counter()).toBe(101);
  });
});

describe('a failed statement', () => {
  it('leaves nothing of its transaction, and its later calls are told the same', async () => {
    const id = await beginWithWrite();
    const transaction = { id };
    expect(await codeOf(raw.call('ExecuteSql', { session, sql: `INSERT INTO counters VALUES ('c', 1)`, seqno: 2, transaction }))).toBe(6);
    expect(await codeOf(raw.call('ExecuteSql', { session, sql: 'SELECT 1', seqno: 3, transaction }))).toBe(6);
    expect(await codeOf(raw.call('Commit', { session, transactionId: id }))).toBe(6);
    expect(await counter()).toBe(0);
  });

  it.each([
    [6, `INSERT INTO counters VALUES ('c', 1)`],
    [3, 'DROP TABLE counters'],
  ])('at the start of a transaction holds up nobody (%i)', async (code, text) => {
    await expect(test.database.runTransactionAsync((tx) => tx.runUpdate(text))).rejects.toMatchObject({ code });
    await transact((tx) => tx.runUpdate(`UPDATE counters SET n = n + 1 WHERE id = 'c'`));
    expect(await counter()).toBe(1);
  });
});

describe('a call that is repeated', () => {
  it('runs its statement once', async () => {
    const id = await beginWithWrite(`UPDATE counters SET n = n + 1 WHERE id = 'c'`);
    const request = { session, sql: `UPDATE counters SET n = n + 1 WHERE id = 'c'`, seqno: 2, transaction: { id } };
    const answers = [await raw.call<ResultSet>('ExecuteSql', request), await raw.call<ResultSet>('ExecuteSql', request)];
    expect(answers.map(({ stats }) => stats?.rowCountExact)).toEqual(['1', '1']);
    await raw.call('Commit', { session, transactionId: id });
    expect(await counter()).toBe(2);
  });

  it('commits once, and is answered alike', async () => {
    const id = await beginWithWrite(`UPDATE counters SET n = n + 1 WHERE id = 'c'`);
    const first = await raw.call('Commit', { session, transactionId: id });
    expect(await raw.call('Commit', { session, transactionId: id })).toEqual(first);
    expect(await counter()).toBe(1);
  });
});

it('the commit timestamp in a row is that of the commit', async () => {
  const id = await beginWithWrite(`INSERT INTO stamps VALUES ('sql', spanner.pending_commit_timestamp())`);
  const { commitTimestamp } = await raw.call<{ commitTimestamp: google.protobuf.ITimestamp }>('Commit', { session, transactionId: id });
  await test.database.table('stamps').insert({ id: 'mutation', at: 'spanner.commit_timestamp()' });
  const [rows] = await test.database.run('SELECT id, at FROM stamps ORDER BY id DESC');
  const [first, second] = rows.map((row) => (row.toJSON() as { at: { getTime(): number } }).at.getTime());
  expect(first).toBe(Number(commitTimestamp.seconds) * 1000 + Math.floor(commitTimestamp.nanos! / 1e6));
  expect(second).toBeGreaterThanOrEqual(first!);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { Postgres } from './engine/postgres.ts';
import { startSpanner } from './start-spanner.ts';
import { DATABASE, openClient, openRawClient, openTestDatabase, sql, type TestDatabase } from './test-database.ts';

// What the suite of all Spanners has of these limits is in services/platform/testing/spanner/limit-cases.ts.
let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase({}, [
    'CREATE TABLE drafts (id text PRIMARY KEY, raw bytea, more bytea)',
    'CREATE TABLE plain (id text PRIMARY KEY, note text)',
  ]);
});

afterAll(() => test.close());

const tooLong = 'k'.repeat(9_000);

it('a transaction writes at most 100 MiB', async () => {
  const half = Buffer.alloc(3_900_000);
  const writing = (statements: number) =>
    test.database.runTransactionAsync(async (tx) => {
      for (let index = 0; index < statements; index += 1) {
        await tx.runUpdate(sql('INSERT INTO drafts (id, raw, more) VALUES ($1, $2, $3)', `${statements}-${index}`, half, half));
      }
      await tx.commit();
    });
  await expect(writing(11)).rejects.toMatchObject({ code: 3, message: expect.stringMatching(/at most 104857600 are allowed/) });
  const [rows] = await test.database.run('SELECT id FROM drafts');
  expect(rows).toEqual([]);
});

it('a change of the schema changes the limits with it', async () => {
  const insert = (id: string) => test.database.table('plain').insert({ id, note: tooLong });
  await insert('no index yet');
  await test.ddl('CREATE INDEX plain_by_note ON plain (note) WHERE note IS NOT NULL', 'DROP INDEX plain_by_note');
  await insert('no index any more');
  await test.ddl('ALTER TABLE plain ADD COLUMN extra text', 'ALTER TABLE plain ALTER COLUMN note TYPE varchar(9000)');
  await expect(test.database.table('plain').insert({ id: 'e', extra: 'x'.repeat(2_621_441) })).rejects.toMatchObject({ code: 9 });
  await test.ddl('ALTER TABLE plain DROP COLUMN extra');
  await insert('dropped');
});

it('a schema beyond a limit is not kept', async () => {
  const columns = Array.from({ length: 17 }, (_, index) => `c${index}`);
  const wide = `CREATE TABLE wide (${columns.map((name) => `${name} bigint`).join()}, PRIMARY KEY (${columns.join()}))`;
  await expect(test.ddl('CREATE TABLE kept (id text PRIMARY KEY)', wide)).rejects.toMatchObject({ code: 3 });
  await test.ddl('CREATE TABLE wide (id text PRIMARY KEY)');
  await expect(test.database.table('kept').insert({ id: tooLong })).rejects.toMatchObject({ code: 3 });
});

it('partitioned DML is not counted as one commit', async () => {
  await test.ddl('CREATE TABLE many (id text PRIMARY KEY, note text)');
  const rows = Array.from({ length: 40_000 }, (_, index) => ({ id: String(index), note: 'a' }));
  await test.database.table('many').insert(rows);
  await test.database.table('many').insert({ id: 'one more', note: 'a' });
  const text = "UPDATE many SET note = 'b' WHERE note = 'a'";
  const inTransaction = test.database.runTransactionAsync(async (tx) => {
    await tx.runUpdate(text);
    await tx.commit();
  });
  await expect(inTransaction).rejects.toMatchObject({ code: 3, message: expect.stringMatching(/80002 mutations/) });
  expect((await test.database.runPartitionedUpdate(text))[0]).toBe(40_001);
});

it('a transaction that is idle for more than ten seconds is aborted', async () => {
  const clock = createManualClock();
  const other = await openTestDatabase({ clock }, ['CREATE TABLE idle (id text PRIMARY KEY)']);
  const raw = openRawClient(other.server.port);
  const { name: session } = await raw.call<{ name: string }>('CreateSession', { database: DATABASE });
  const insertAndCommit = async (id: string, idleMs: number) => {
    const begun = await raw.call<{ id: Uint8Array }>('BeginTransaction', { session, options: { readWrite: {} } });
    await raw.call('ExecuteSql', { session, transaction: { id: begun.id }, sql: `INSERT INTO idle (id) VALUES ('${id}')`, seqno: 1 });
    clock.advance(idleMs);
    return raw.call('Commit', { session, transactionId: begun.id });
  };
  await insertAndCommit('in time', 10_000);
  await expect(insertAndCommit('too late', 10_001)).rejects.toMatchObject({
    code: 10,
    details: expect.stringMatching(/idle for more than 10 s/),
  });
  raw.close();
  await other.close();
});

it('a database that was stored without limits has them after a start', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'kumiko-spanner-limits-'));
  const first = await openTestDatabase({ dataDir }, ['CREATE TABLE old (id text PRIMARY KEY)']);
  await first.close();
  const postgres = await Postgres.open(join(dataDir, 'postgres'));
  const [[name] = []] = postgres.query(
    "SELECT conname FROM pg_constraint WHERE conrelid = 'old'::regclass AND conname LIKE '%_key_%'",
  ).rows;
  const [[cells] = []] = postgres.query(
    "SELECT conname FROM pg_constraint WHERE conrelid = 'old'::regclass AND conname LIKE '%_cell_%'",
  ).rows;
  postgres.execute(`BEGIN READ WRITE; ALTER TABLE old DROP CONSTRAINT ${name}, DROP CONSTRAINT ${cells}; COMMIT`);
  await postgres.close();
  const server = await startSpanner({ port: 0, dataDir });
  const client = openClient(server.port);
  await expect(client.database.table('old').insert({ id: tooLong })).rejects.toMatchObject({ code: 3 });
  await client.close();
  await server.close();
  rmSync(dataDir, { recursive: true });
});

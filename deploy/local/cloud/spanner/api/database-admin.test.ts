import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE, openTestDatabase, type TestDatabase } from '../test-database.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});

afterAll(() => test.close());

const write = (text: string) =>
  test.database.runTransactionAsync(async (tx) => {
    const [count] = await tx.runUpdate(text);
    await tx.commit();
    return count;
  });

async function count(text: string): Promise<unknown> {
  const [rows] = await test.database.run(`SELECT count(*) AS n FROM ${text}`);
  return (rows[0]!.toJSON() as { n: unknown }).n;
}

describe('instances', () => {
  it('are found, listed, and not made twice', async () => {
    const [metadata] = await test.spanner.instance('local').getMetadata();
    expect(metadata).toMatchObject({ name: 'projects/kumiko-local/instances/local', state: 'READY' });
    const [instances] = await test.spanner.getInstances();
    expect(instances.map(({ id }) => id)).toEqual(['local']);
    await expect(test.spanner.createInstance('local', { config: 'local', nodes: 1, displayName: 'again' })).rejects.toMatchObject({
      code: 6,
    });
    expect(await test.spanner.instance('missing').exists()).toEqual([false]);
  });
});

describe('databases', () => {
  const create = (parent: string, name: string, databaseDialect: 'POSTGRESQL' | 'GOOGLE_STANDARD_SQL') =>
    test.spanner.getDatabaseAdminClient().createDatabase({ parent, createStatement: `CREATE DATABASE "${name}"`, databaseDialect });
  const local = 'projects/kumiko-local/instances/local';

  it('are found by those that ask', async () => {
    expect(await test.database.exists()).toEqual([true]);
    expect(await test.database.getDatabaseDialect()).toContain('POSTGRESQL');
    expect(await test.spanner.instance('local').database('missing').exists()).toEqual([false]);
  });

  it('are not made twice, nor a second one, nor in another dialect, nor in a missing instance', async () => {
    await expect(create(local, 'kumiko', 'POSTGRESQL')).rejects.toMatchObject({ code: 6 });
    await expect(create(local, 'second', 'POSTGRESQL')).rejects.toMatchObject({
      code: 9,
      message: expect.stringContaining('one database at a time'),
    });
    await expect(create(local, 'second', 'GOOGLE_STANDARD_SQL')).rejects.toMatchObject({ code: 3 });
    await expect(create('projects/kumiko-local/instances/missing', 'kumiko', 'POSTGRESQL')).rejects.toMatchObject({ code: 5 });
  });

  it('are gone with all that was in them after a drop', async () => {
    const other = await openTestDatabase({}, ['CREATE SCHEMA shop', 'CREATE TABLE shop.t (id text PRIMARY KEY)']);
    try {
      const admin = other.spanner.getDatabaseAdminClient();
      await admin.dropDatabase({ database: DATABASE });
      await expect(other.database.run('SELECT 1')).rejects.toMatchObject({ code: 5 });
      const [operation] = await admin.createDatabase({
        parent: local,
        createStatement: 'CREATE DATABASE "kumiko"',
        databaseDialect: 'POSTGRESQL',
      });
      await operation.promise();
      await expect(other.database.run('SELECT * FROM shop.t')).rejects.toMatchObject({ code: 3 });
      expect((await admin.getDatabaseDdl({ database: DATABASE }))[0].statements).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('DDL', () => {
  it('is applied up to the statement that fails, which is named', async () => {
    const failure = test.ddl(
      'CREATE TABLE kept (id text PRIMARY KEY)',
      'CREATE TABLE bad (id nothing)',
      'CREATE TABLE never (id text PRIMARY KEY)',
    );
    await expect(failure).rejects.toMatchObject({ code: 3, message: expect.stringContaining('nothing') });
    expect(await count('kept')).toBe(0);
    await expect(count('never')).rejects.toMatchObject({ code: 3 });
    const [{ statements }] = await test.spanner.getDatabaseAdminClient().getDatabaseDdl({ database: DATABASE });
    expect(statements).toEqual(['CREATE TABLE kept (id text PRIMARY KEY)']);
  });

  it('refuses what is no DDL, and what exists', async () => {
    await test.ddl('CREATE TABLE IF NOT EXISTS twice (id text PRIMARY KEY)');
    await expect(test.ddl(`DELETE FROM twice`)).rejects.toMatchObject({ code: 3 });
    await expect(test.ddl('CREATE TABLE twice (id text PRIMARY KEY)')).rejects.toMatchObject({ code: 9 });
  });

  it('changes what a statement that ran before returns', async () => {
    await test.ddl('CREATE TABLE changing (id text PRIMARY KEY, n bigint)');
    await write(`INSERT INTO changing VALUES ('a', 1)`);
    const row = async () => (await test.database.run('SELECT * FROM changing'))[0][0]?.toJSON();
    expect(await row()).toEqual({ id: 'a', n: 1 });
    await test.ddl('ALTER TABLE changing ADD COLUMN note text', 'ALTER TABLE changing DROP COLUMN n');
    expect(await row()).toEqual({ id: 'a', note: null });
  });

  it('waits for the transaction that is open', async () => {
    await test.ddl('CREATE TABLE waited (id text PRIMARY KEY)');
    let ddl: Promise<void> | undefined;
    await test.database.runTransactionAsync(async (tx) => {
      await tx.runUpdate(`INSERT INTO waited VALUES ('a')`);
      ddl = test.ddl('DROP TABLE waited');
      await tx.runUpdate(`INSERT INTO waited VALUES ('b')`);
      await tx.commit();
    });
    await ddl;
    await expect(count('waited')).rejects.toMatchObject({ code: 3 });
  });

  it('makes rows live inside their parent', async () => {
    await test.ddl(
      'CREATE TABLE parent (id text PRIMARY KEY)',
      'CREATE TABLE child (id text, line bigint, PRIMARY KEY (id, line)) INTERLEAVE IN PARENT parent ON DELETE CASCADE',
      'CREATE INDEX child_by_line ON child (id, line) INTERLEAVE IN parent',
    );
    await expect(write(`INSERT INTO child VALUES ('none', 1)`)).rejects.toMatchObject({ code: 9 });
    await write(`INSERT INTO parent VALUES ('p')`);
    await write(`INSERT INTO child VALUES ('p', 1), ('p', 2)`);
    await write(`DELETE FROM parent WHERE id = 'p'`);
    expect(await count('child')).toBe(0);
    await expect(test.ddl('CREATE TABLE stray (line bigint PRIMARY KEY) INTERLEAVE IN PARENT parent')).rejects.toMatchObject({ code: 3 });
    await expect(count('stray')).rejects.toMatchObject({ code: 3 });
  });

  it('takes what only Spanner has', async () => {
    await test.ddl(
      `CREATE TABLE fading (id text PRIMARY KEY, at timestamptz) TTL INTERVAL '3 days' ON at`,
      `ALTER TABLE fading ADD TTL INTERVAL '5 days' ON at`,
      'CREATE CHANGE STREAM everything FOR ALL',
      'DROP CHANGE STREAM everything',
      'CREATE ROLE reader',
      'GRANT SELECT ON TABLE fading TO reader',
    );
    expect(await count('fading')).toBe(0);
  });
});

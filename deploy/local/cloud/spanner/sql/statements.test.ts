import { once } from 'node:events';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSpannerDefinitions } from '../api/spanner-api.ts';
import { DATABASE, openTestDatabase, sql, type TestDatabase } from '../test-database.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase({}, [
    'CREATE SCHEMA shop',
    `CREATE TABLE shop.items (
       id text PRIMARY KEY, stock bigint NOT NULL CHECK (stock >= 0), note text, made timestamptz, tags text[], data jsonb,
       raw bytea, price numeric, weight float8, day date, live bool, created timestamptz DEFAULT now())`,
    'CREATE UNIQUE INDEX items_note ON shop.items (note)',
    'CREATE TABLE shop.parts (id text PRIMARY KEY, item text NOT NULL REFERENCES shop.items (id))',
  ]);
});

afterAll(() => test.close());

const rowsOf = (rows: unknown) =>
  (rows as { toJSON(options?: object): Record<string, unknown> }[]).map((row) => row.toJSON({ wrapNumbers: true }));

async function query(text: string, ...values: unknown[]) {
  const [rows] = await test.database.run(sql(text, ...values));
  return rowsOf(rows);
}

async function write(text: string, ...values: unknown[]): Promise<number> {
  return test.database.runTransactionAsync(async (tx) => {
    const [count] = await tx.runUpdate(sql(text, ...values));
    await tx.commit();
    return count;
  });
}

/** The error of a write. */
async function refused(work: () => Promise<unknown>): Promise<{ code: number; message: string }> {
  try {
    await work();
  } catch (error) {
    const { code, message } = error as { code: number; message: string };
    return { code, message };
  }
  throw new Error('nothing was refused');
}

describe('values', () => {
  it('come back from every column type as they were sent', async () => {
    const raw = Buffer.from([0, 1, 127, 128, 255]);
    await write(
      'INSERT INTO shop.items (id, stock, note, made, tags, data, raw, price, weight, day, live) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
      ...[
        'types',
        '9007199254740993',
        'naïve "quoted" \\ 組子',
        '2026-01-02T03:04:05.678901Z',
        ['a', 'b,"c"', '\\', '', 'NULL', '{}'],
        '{"a": [1, null]}',
      ],
      ...[raw.toString('base64'), '12345678901234567890.123456789', 1.5, '2026-02-28', true],
    );
    const [row] = await query('SELECT * FROM shop.items WHERE id = $1', 'types');
    expect(row).toMatchObject({
      stock: { value: '9007199254740993' },
      note: 'naïve "quoted" \\ 組子',
      tags: ['a', 'b,"c"', '\\', '', 'NULL', '{}'],
      data: { value: { a: [1, null] } },
      price: { value: '12345678901234567890.123456789' },
      live: true,
    });
    expect(row).toMatchObject({ raw, weight: { value: 1.5 } });
    expect((row!['made'] as { toISOString(): string }).toISOString()).toContain('2026-01-02T03:04:05.678901');
    expect(JSON.stringify(row!['day'])).toContain('2026-02-28');
  });

  it('may be null in every column', async () => {
    await write(
      'INSERT INTO shop.items (id, stock, note, made, tags, data, raw) VALUES ($1, 0, $2, $3, $4, $5, $6)',
      'nulls',
      null,
      null,
      null,
      null,
      null,
    );
    const [row] = await query('SELECT note, made, tags, data, raw, live FROM shop.items WHERE id = $1', 'nulls');
    expect(row).toEqual({ note: null, made: null, tags: null, data: null, raw: null, live: null });
  });

  it('of a declared type are taken as that type', async () => {
    const [rows] = await test.database.run({
      sql: 'SELECT $1 AS n, $2 AS b',
      params: { p1: 7, p2: Buffer.from('x') },
      types: { p1: 'int64', p2: 'bytes' },
    });
    expect(rowsOf(rows)).toMatchObject([{ n: { value: '7' }, b: Buffer.from('x') }]);
  });

  it('bind arrays to ANY and unnest', async () => {
    expect(await query('SELECT x FROM unnest($1::text[]) AS x WHERE x = ANY($2) ORDER BY x', ['b', 'a', 'c'], ['a', 'b'])).toEqual([
      { x: 'a' },
      { x: 'b' },
    ]);
  });

  it('sort by code point', async () => {
    const sorted = await query(`SELECT x FROM unnest(ARRAY['b', 'é', 'B', '_', 'a']) AS x ORDER BY x`);
    expect(sorted.map(({ x }) => x)).toEqual(['B', '_', 'a', 'b', 'é']);
  });
});

describe('statements', () => {
  it('answer a result of many megabytes in order', async () => {
    const rows = await query(`SELECT n, repeat('x', 100000) AS filler FROM generate_series(1, 60) AS n`);
    expect(rows.map(({ n }) => (n as { value: string }).value)).toEqual(Array.from({ length: 60 }, (_, index) => String(index + 1)));
    expect(rows.every(({ filler }) => (filler as string).length === 100_000)).toBe(true);
  });

  it('return rows from DML', async () => {
    await write(`INSERT INTO shop.items (id, stock) VALUES ('returning', 5)`);
    const rows = await test.database.runTransactionAsync(async (tx) => {
      const [updated] = await tx.run(sql('UPDATE shop.items SET stock = stock - $2 WHERE id = $1 RETURNING stock', 'returning', '2'));
      await tx.commit();
      return rowsOf(updated);
    });
    expect(rows).toMatchObject([{ stock: { value: '3' } }]);
  });

  it('of a batch answer with their counts', async () => {
    const counts = await test.database.runTransactionAsync(async (tx) => {
      const [rowCounts] = await tx.batchUpdate([
        sql(`INSERT INTO shop.items (id, stock) VALUES ('b1', 1), ('b2', 1)`),
        sql('UPDATE shop.items SET stock = 9 WHERE id = $1', 'b1'),
        sql(`INSERT INTO shop.items (id, stock) VALUES ($1, 1) ON CONFLICT (id) DO NOTHING`, 'b1'),
      ]);
      await tx.commit();
      return rowCounts;
    });
    expect(counts).toEqual([2, 1, 0]);
  });

  it('of a batch that fails half-way tell how far it came, and nothing stays', async () => {
    const failure = await test.database
      .runTransactionAsync(async (tx) => {
        await tx.batchUpdate([
          sql(`INSERT INTO shop.items (id, stock) VALUES ('half', 1)`),
          sql(`INSERT INTO shop.items (id, stock) VALUES ('half', 1)`),
        ]);
      })
      .catch((error: { code: number; rowCounts: number[] }) => error);
    expect(failure).toMatchObject({ code: 6, rowCounts: [1] });
    expect(await query('SELECT id FROM shop.items WHERE id = $1', 'half')).toEqual([]);
  });

  it('run as partitioned DML outside of a transaction', async () => {
    await write(`INSERT INTO shop.items (id, stock) VALUES ('p1', 1), ('p2', 1)`);
    const [count] = await test.database.runPartitionedUpdate({ sql: `UPDATE shop.items SET stock = 7 WHERE id IN ('p1', 'p2')` });
    expect(count).toBe(2);
  });

  it('that are planned only tell the shape of their result', async () => {
    const [rows, , metadata] = await test.database.run({
      ...sql('SELECT id, stock FROM shop.items WHERE id = $1'),
      queryMode: 'PLAN',
    } as never);
    expect(rows).toEqual([]);
    expect((metadata as { rowType: { fields: { name: string }[] } }).rowType.fields.map(({ name }) => name)).toEqual(['id', 'stock']);
  });

  it('ignore the hints and comments before them', async () => {
    expect(await query(`/*@ lock_scanned_ranges=exclusive */ -- why\n SELECT 'x' AS x`)).toEqual([{ x: 'x' }]);
  });
});

describe('refusals', () => {
  it.each([
    ['a second row of one key', 6, `INSERT INTO shop.items (id, stock) VALUES ('one', 1)`],
    ['a second row of one index entry', 6, `INSERT INTO shop.items (id, stock, note) VALUES ('two', 1, 'unique')`],
    ['a missing parent', 9, `INSERT INTO shop.parts (id, item) VALUES ('p', 'no-such-item')`],
    ['a NULL in a NOT NULL column', 9, `INSERT INTO shop.items (id) VALUES ('no-stock')`],
    ['a failed check', 11, `UPDATE shop.items SET stock = -1 WHERE id = 'one'`],
    ['a division by zero', 11, `UPDATE shop.items SET stock = 1 / 0 WHERE id = 'one'`],
    ['text where a number belongs', 3, `INSERT INTO shop.items (id, stock) VALUES ('x', 'many')`],
    ['bad syntax', 3, 'UPDATE shop.items SAT stock = 1'],
    ['an unknown table', 3, 'DELETE FROM shop.nothing'],
  ])('of %s have the status %i of Spanner', async (_what, code, text) => {
    await write(`INSERT INTO shop.items (id, stock, note) VALUES ('one', 1, 'unique') ON CONFLICT (id) DO NOTHING`);
    expect(await refused(() => write(text))).toMatchObject({ code });
  });

  it('name the constraint', async () => {
    await write(`INSERT INTO shop.items (id, stock) VALUES ('named', 1)`);
    expect((await refused(() => write(`INSERT INTO shop.items (id, stock) VALUES ('named', 1)`))).message).toContain('items_pkey');
  });

  it('meet a write that poses as a read', async () => {
    expect(await refused(() => query(`INSERT INTO shop.items (id, stock) VALUES ('sneaky', 1)`))).toMatchObject({ code: 3 });
    expect(
      await refused(() =>
        query(`WITH sneaky AS (INSERT INTO shop.items (id, stock) VALUES ('sneaky', 1) RETURNING id) SELECT id FROM sneaky`),
      ),
    ).toMatchObject({
      code: 3,
    });
    expect(await refused(() => query('DROP TABLE shop.parts'))).toMatchObject({ code: 3 });
    expect(await query(`SELECT id FROM shop.items WHERE id = 'sneaky'`)).toEqual([]);
  });

  it('meet two statements in one text, and a parameter without a value', async () => {
    expect(await refused(() => query('SELECT 1; SELECT 2'))).toMatchObject({ code: 3 });
    expect(await refused(() => query('SELECT $1::text'))).toMatchObject({ code: 3 });
  });

  it('meet a database that does not exist', async () => {
    const missing = test.spanner.instance('local').database('missing');
    missing['on']('error', () => {});
    expect(await refused(() => missing.run('SELECT 1'))).toMatchObject({ code: 5 });
    await missing.close();
  });

  it('of a stream come after headers, without which the client repeats the call for seconds, unless trailers only are asked for', async () => {
    for (const text of ['SELECT nothing', 'UPDATE shop.items SAT stock = 1'])
      expect(await hasHeadersBeforeError(test.server.port, text)).toBe(true);
    const bare = await openTestDatabase({ trailersOnlyErrors: true });
    try {
      expect(await hasHeadersBeforeError(bare.server.port, 'SELECT nothing')).toBe(false);
      expect(await refused(() => bare.database.run('SELECT nothing'))).toMatchObject({ code: 3 });
    } finally {
      await bare.close();
    }
  });
});

/** Whether a stream that fails at its first statement has headers of its own. */
async function hasHeadersBeforeError(port: number, text: string): Promise<boolean> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = loadSpannerDefinitions().spanner['ExecuteStreamingSql']!;
  const request = { session: `${DATABASE}/sessions/any`, sql: text };
  const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  let hasHeaders = false;
  stream.on('metadata', () => {
    hasHeaders = true;
  });
  const [error] = await once(stream.resume(), 'error');
  client.close();
  expect(error).toMatchObject({ code: 3 });
  return hasHeaders;
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-database.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase({}, [
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.lines (item text, size bigint, note text, raw bytea, PRIMARY KEY (item, size))',
    'CREATE INDEX lines_by_note ON shop.lines (note)',
  ]);
  await table().insert([
    { item: 'a', size: 1, note: 'z' },
    { item: 'a', size: 2, note: 'y' },
    { item: 'b', size: 1, note: 'x' },
  ]);
});

afterAll(() => test.close());

const table = () => test.database.table('shop.lines');

async function read(request: Parameters<ReturnType<typeof table>['read']>[0]): Promise<string[]> {
  const [rows] = await table().read(request);
  return (rows as { toJSON(): { item: string; size: number } }[]).map((row) => row.toJSON()).map(({ item, size }) => `${item}${size}`);
}

const columns = ['item', 'size'];

describe('reads', () => {
  it('find rows by their keys, in the order of the key', async () => {
    const keys = [
      ['b', '1'],
      ['a', '2'],
    ];
    expect(await read({ columns, keys } as never)).toEqual(['a2', 'b1']);
  });

  it('find all rows, or as many as are asked for', async () => {
    expect(await read({ columns, keySet: { all: true } } as never)).toEqual(['a1', 'a2', 'b1']);
    expect(await read({ columns, keySet: { all: true }, limit: 2 } as never)).toEqual(['a1', 'a2']);
  });

  it.each([
    ['closed by a prefix', { startClosed: ['a'], endClosed: ['a'] }, ['a1', 'a2']],
    ['open at a prefix', { startOpen: ['a'], endClosed: ['z'] }, ['b1']],
    ['open at a whole key', { startOpen: ['a', '1'], endOpen: ['b'] }, ['a2']],
    ['over all', { startClosed: [], endClosed: [] }, ['a1', 'a2', 'b1']],
  ])('find the rows of a range %s', async (_what, range, expected) => {
    expect(await read({ columns, ranges: [range] } as never)).toEqual(expected);
  });

  it('go by an index', async () => {
    expect(await read({ columns, index: 'lines_by_note', keySet: { all: true } } as never)).toEqual(['b1', 'a2', 'a1']);
    expect(await read({ columns, index: 'lines_by_note', keys: [['y']] } as never)).toEqual(['a2']);
  });

  it('refuse a key of another shape, an unknown table and an unknown column', async () => {
    await expect(read({ columns, keys: [['a']] } as never)).rejects.toMatchObject({ code: 3 });
    await expect(read({ columns: ['nothing'], keySet: { all: true } } as never)).rejects.toMatchObject({ code: 3 });
    await expect(test.database.table('shop.nothing').read({ columns, keySet: { all: true } } as never)).rejects.toMatchObject({ code: 5 });
  });
});

describe('mutations', () => {
  it('insert, update, replace, upsert and delete rows', async () => {
    await table().insert({ item: 'm', size: 1, note: 'first', raw: Buffer.from([1, 255]) });
    await table().update({ item: 'm', size: 1, note: 'second' });
    const all = async () =>
      (await test.database.run(`SELECT note, raw FROM shop.lines WHERE item = 'm' ORDER BY size`))[0].map((row) => row.toJSON());
    expect(await all()).toEqual([{ note: 'second', raw: Buffer.from([1, 255]) }]);
    await table().replace({ item: 'm', size: 1, note: 'third' });
    expect(await all()).toEqual([{ note: 'third', raw: null }]);
    await table().upsert([
      { item: 'm', size: 1, note: 'fourth' },
      { item: 'm', size: 2, note: 'new' },
    ]);
    expect((await all()).map(({ note }) => note)).toEqual(['fourth', 'new']);
    await table().deleteRows([
      ['m', '1'],
      ['m', '2'],
    ]);
    expect(await all()).toEqual([]);
  });

  it('commit all or nothing', async () => {
    const rows = [
      { item: 'n', size: 1 },
      { item: 'a', size: 1 },
    ];
    await expect(table().insert(rows)).rejects.toMatchObject({ code: 6 });
    expect(await read({ columns, keys: [['n', '1']] } as never)).toEqual([]);
  });

  it('refuse to update a missing row, a missing key and an unknown column', async () => {
    await expect(table().update({ item: 'missing', size: 1, note: '' })).rejects.toMatchObject({ code: 5 });
    await expect(table().insert({ item: 'x' })).rejects.toMatchObject({ code: 3 });
    await expect(table().insert({ item: 'x', size: 1, nothing: 1 })).rejects.toMatchObject({ code: 5 });
  });

  it('join the statements of their transaction', async () => {
    await test.database.runTransactionAsync(async (tx) => {
      await tx.runUpdate(`INSERT INTO shop.lines (item, size) VALUES ('joined', 1)`);
      tx.update('shop.lines', { item: 'joined', size: 1, note: 'by mutation' });
      await tx.commit();
    });
    const [rows] = await test.database.run(`SELECT note FROM shop.lines WHERE item = 'joined'`);
    expect(rows[0]?.toJSON()).toEqual({ note: 'by mutation' });
  });
});

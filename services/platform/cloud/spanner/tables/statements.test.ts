import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { defineStatements, type Querier, type Row, type Statement } from '../database.ts';
import { bigint, bytes, enumeration, integer, json, optional, text, timestamp } from './columns.ts';
import { perSchema } from './per-schema.ts';
import { dml, exclusive, insert, join, query, select, update } from './statements.ts';
import { table } from './table.ts';

const states = { OPEN: ['close'], CLOSED: [] };
const boxes = table('depot', 'boxes', {
  key: ['depot', 'id'],
  columns: {
    depot: text('depot'),
    id: text('id'),
    state: enumeration('state', states),
    size: integer('size'),
    weight: bigint('weight_grams'),
    seal: bytes('seal'),
    label: json('label', z.object({ lines: z.array(z.string()) })),
    note: optional(text('note')),
    createTime: timestamp('create_time'),
  },
});
const shelves = table('depot', 'shelves', { key: ['id'], columns: { id: text('id'), box: optional(text('box')) } });

const statements = defineStatements('depot', {
  list: select(boxes.pick('id', 'weight'), 'WHERE depot = $depot AND (id > $after OR size = $size) ORDER BY id LIMIT $limit'),
  lock: select(boxes.without('seal', 'label'), 'WHERE id = $id', exclusive),
  find: join(
    { box: boxes.pick('id', 'state').as('b'), shelf: shelves.pick('id').outer('s') },
    'FROM depot.boxes b LEFT JOIN depot.shelves s ON s.box = b.id WHERE b.id = $id',
  ),
  count: query({ boxes: bigint('boxes') }, 'SELECT count(*) AS boxes FROM depot.boxes'),
  insert: insert(boxes),
  insertOnce: insert(shelves, { unlessThere: true }),
  insertBeside: insert(shelves, { expressions: { box: '(SELECT s.box FROM depot.shelves s WHERE s.id = $other AND s.id <> $id)' } }),
  move: update(boxes, ['state', 'note']),
  grow: update(boxes, ['note'], { size: 'CASE WHEN depot = $depot AND weight_grams > $weight THEN size + $by ELSE size END' }),
  clear: dml('DELETE FROM depot.shelves WHERE box = $box'),
  raw: 'DELETE FROM depot.shelves WHERE id = $1',
});

const at = new Date('2026-01-02T03:04:05Z');
const state: 'OPEN' | 'CLOSED' = 'OPEN';
const box = {
  depot: 'd',
  id: 'b',
  state,
  size: 2,
  weight: 3n,
  seal: Uint8Array.of(1),
  label: { lines: ['x'] },
  createTime: at,
};

/** Answers with rows, and keeps what it was asked. */
function querier(...rows: Row[]): Querier & { asked: (readonly [string, readonly unknown[]])[] } {
  const asked: (readonly [string, readonly unknown[]])[] = [];
  return {
    asked,
    query: async ({ text }: Statement, values = []) => {
      asked.push([text, values]);
      return rows;
    },
  };
}

describe('a statement', () => {
  test('has its name from its place in the list, and its text when it is defined', () => {
    expect(Object.values(statements).map(({ name, text }) => `${name}: ${text}`)).toEqual([
      'depot.list: SELECT id, weight_grams FROM depot.boxes WHERE depot = $1 AND (id > $2 OR size = $3) ORDER BY id LIMIT $4',
      'depot.lock: /*@ lock_scanned_ranges=exclusive */ SELECT depot, id, state, size, weight_grams, note, create_time FROM depot.boxes WHERE id = $1',
      'depot.find: SELECT b.id AS b_id, b.state AS b_state, s.id AS s_id FROM depot.boxes b LEFT JOIN depot.shelves s ON s.box = b.id WHERE b.id = $1',
      'depot.count: SELECT count(*) AS boxes FROM depot.boxes',
      'depot.insert: INSERT INTO depot.boxes (depot, id, state, size, weight_grams, seal, label, note, create_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      'depot.insertOnce: INSERT INTO depot.shelves (id, box) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING',
      'depot.insertBeside: INSERT INTO depot.shelves (id, box) VALUES ($1, (SELECT s.box FROM depot.shelves s WHERE s.id = $2 AND s.id <> $1))',
      'depot.move: UPDATE depot.boxes SET state = $1, note = $2 WHERE depot = $3 AND id = $4',
      'depot.grow: UPDATE depot.boxes SET note = $1, size = CASE WHEN depot = $2 AND weight_grams > $3 THEN size + $4 ELSE size END WHERE depot = $2 AND id = $5',
      'depot.clear: DELETE FROM depot.shelves WHERE box = $1',
      'depot.raw: DELETE FROM depot.shelves WHERE id = $1',
    ]);
  });

  test('takes its values by name, in whatever order', () => {
    expect(statements.insert.with(box)).toEqual([
      statements.insert,
      ['d', 'b', 'OPEN', 2, 3n, Uint8Array.of(1), { lines: ['x'] }, null, at],
    ]);
    expect(statements.move.with({ note: 'n', ...box })[1]).toEqual(['OPEN', 'n', 'd', 'b']);
    expect(statements.grow.with({ ...box, note: undefined, by: 5 })[1]).toEqual([null, 'd', 3n, 5, 'b']);
    expect(statements.insertBeside.with({ other: 'o', id: 's' })[1]).toEqual(['s', 'o']);
    expect(statements.clear.with({ box: 'b' })[1]).toEqual(['b']);
  });

  test('refuses a parameter without a value, which would be null', () => {
    const missing: Record<string, string> = {};
    expect(() => statements.clear.with({ box: missing['box'] ?? (undefined as never) })).toThrow('has no value');
  });

  test('has types that know its parameters and its columns', () => {
    expectTypeOf(statements.list.all).parameter(1).toHaveProperty('limit');
    expectTypeOf<keyof Parameters<typeof statements.list.all>[1]>().toEqualTypeOf<'depot' | 'after' | 'size' | 'limit'>();
    expectTypeOf<keyof Parameters<typeof statements.move.with>[0]>().toEqualTypeOf<'depot' | 'id' | 'state' | 'note'>();
    expectTypeOf<keyof Parameters<typeof statements.grow.with>[0]>().toEqualTypeOf<'depot' | 'id' | 'weight' | 'note' | 'by'>();
    // @ts-expect-error
    expect(() => statements.clear.with({ bax: 'b' })).toThrow();
    // @ts-expect-error
    statements.move.with({ ...box, state: 'AJAR' });
    // @ts-expect-error
    boxes.pick('width');
    // @ts-expect-error
    expect(() => table('depot', 'none', { key: ['id'], columns: { name: text('name') } })).not.toThrow();
  });
});

describe('a row', () => {
  const first = (row: Row) => statements.lock.first(querier(row), { id: 'b' });
  const stored = { depot: 'd', id: 'b', state: 'OPEN', size: 2n, weight_grams: 3n, note: null, create_time: at };

  test('is read by its columns', async () => {
    const read = await first(stored);
    expect(read).toEqual({ depot: 'd', id: 'b', state: 'OPEN', size: 2, weight: 3n, note: undefined, createTime: at });
    expectTypeOf(read).toEqualTypeOf<
      | {
          readonly depot: string;
          readonly id: string;
          readonly state: 'OPEN' | 'CLOSED';
          readonly size: number;
          readonly weight: bigint;
          readonly note: string | undefined;
          readonly createTime: Date;
        }
      | undefined
    >();
    const all = querier({ id: 'a', weight_grams: 1n }, { id: 'b', weight_grams: 2n });
    expect(await statements.list.all(all, { depot: 'd', after: '', size: 1, limit: 2 })).toEqual([
      { id: 'a', weight: 1n },
      { id: 'b', weight: 2n },
    ]);
    expect(all.asked.map(([, values]) => values)).toEqual([['d', '', 1, 2]]);
    expect(await statements.count.first(querier(), {})).toBeUndefined();
  });

  test('of joined tables keeps them apart', async () => {
    const found = { b_id: 'b', b_state: 'CLOSED', s_id: null };
    expect(await statements.find.first(querier(found), { id: 'b' })).toEqual({
      box: { id: 'b', state: 'CLOSED' },
      shelf: { id: undefined },
    });
    expect((await statements.find.first(querier({ ...found, s_id: 's' }), { id: 'b' }))?.shelf.id).toBe('s');
  });

  test.each<[string, Row, string]>([
    ['a column that is missing', { depot: undefined }, 'depot.lock: column depot is no text, but undefined'],
    ['null where there is none', { id: null }, 'column id is no text, but null'],
    ['no member of an enumeration', { state: 'AJAR' }, 'column state is no member of its enumeration, but string'],
    ['a number that is too large for one', { size: 2n ** 53n }, 'column size is no bigint that a number can be, but bigint'],
    ['another type', { weight_grams: '3' }, 'column weight_grams is no bigint, but string'],
    ['another class', { create_time: new Uint8Array() }, 'column create_time is no timestamp with time zone, but Uint8Array'],
  ])('with %s is told by name, without its value', async (_, cell, message) => {
    await expect(first({ ...stored, ...cell })).rejects.toThrow(message);
  });

  test('whose JSON has another shape is told so', async () => {
    const labels = defineStatements('depot', { label: select(boxes.pick('label'), '') }).label;
    const labelOf = async (label: unknown) => (await labels.first(querier({ label }), {}))?.label;
    expect(await labelOf({ lines: ['a'], more: 1 })).toEqual({ lines: ['a'] });
    await expect(labelOf({ lines: 'secret' })).rejects.toThrow(/^depot\.label: column label lines: (?!.*secret)/);
  });
});

test('what is the same in each schema is made once', () => {
  const made = perSchema((schema) => ({ schema }));
  expect(made('a')).toBe(made('a'));
  expect(made('b')).toEqual({ schema: 'b' });
});

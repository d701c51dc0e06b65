import { expect, test } from 'vitest';
import type { Filter } from '../../../chassis/api/filter.ts';
import type { ListQuery } from '../../../chassis/api/list-page.ts';
import { defineStatements, type Querier, type Statement } from '../database.ts';
import { enumeration, text, timestamp } from './columns.ts';
import { list } from './list.ts';
import { table } from './table.ts';

const boxes = table('depot', 'boxes', {
  key: ['id'],
  columns: { id: text('id'), depot: text('depot'), state: enumeration('state', ['OPEN', 'SHUT']), createTime: timestamp('create_time') },
});

const { listBoxes } = defineStatements('depot', {
  listBoxes: list(boxes, 'depot = $depot', { time: 'createTime', filterable: ['state', 'createTime'] }),
});

const at = new Date('2026-01-02T00:00:00Z');
const newestFirst = { field: 'create_time', descending: true };
const is = (value: string): Filter => ({ kind: 'comparison', field: 'state', comparator: '=', value });
const since: Filter = { kind: 'comparison', field: 'create_time', comparator: '>=', value: at };

async function asked(query: Partial<ListQuery>): Promise<readonly [string, readonly unknown[]]> {
  const questions: (readonly [string, readonly unknown[]])[] = [];
  const querier: Querier = {
    query: async ({ text }: Statement, values = []) => {
      questions.push([text, values]);
      return [];
    },
  };
  await listBoxes.all(
    querier,
    { depot: 'd' },
    { filter: undefined, order: newestFirst, after: { time: at, id: 'x' }, limit: 51, ...query },
  );
  return questions[0]!;
}

const start = 'SELECT id, depot, state, create_time FROM depot.boxes WHERE depot = $1';

test('a page begins where the index is entered, newest first or oldest first', async () => {
  expect(await asked({})).toEqual([
    `${start} AND create_time <= $2 AND (create_time < $2 OR id < $3) ORDER BY create_time DESC, id DESC LIMIT $4`,
    ['d', at, 'x', 51],
  ]);
  expect((await asked({ order: { field: 'create_time', descending: false } }))[0]).toBe(
    `${start} AND create_time >= $2 AND (create_time > $2 OR id > $3) ORDER BY create_time ASC, id ASC LIMIT $4`,
  );
});

test('what is compared with travels as parameters, whatever it says', async () => {
  const filter: Filter = {
    kind: 'and',
    parts: [
      { kind: 'not', part: is("x' OR 1=1 --") },
      { kind: 'or', parts: [since, is('SHUT')] },
    ],
  };
  expect(await asked({ filter })).toEqual([
    `${start} AND (NOT (state = $2) AND (create_time >= $3 OR state = $4)) AND create_time <= $5 AND (create_time < $5 OR id < $6) ORDER BY create_time DESC, id DESC LIMIT $7`,
    ['d', "x' OR 1=1 --", at, 'SHUT', at, 'x', 51],
  ]);
});

test('each of several texts is searched for by itself, once', async () => {
  const filter: Filter = { kind: 'and', parts: [{ kind: 'or', parts: [is('OPEN'), is('SHUT'), is('OPEN')] }, since] };
  const [statement, values] = await asked({ filter });
  expect(statement.split(' UNION ALL ')).toEqual([
    `SELECT id, depot, state, create_time FROM ((${start} AND (create_time >= $2 AND state = $3) AND create_time <= $4 AND (create_time < $4 OR id < $5) ORDER BY create_time DESC, id DESC LIMIT $6)`,
    `(${start} AND (create_time >= $7 AND state = $8) AND create_time <= $4 AND (create_time < $4 OR id < $5) ORDER BY create_time DESC, id DESC LIMIT $6)) AS page ORDER BY create_time DESC, id DESC LIMIT $6`,
  ]);
  expect(values).toEqual(['d', at, 'OPEN', at, 'x', 51, at, 'SHUT']);
});

test('a field without a column is a mistake of ours', async () => {
  await expect(async () => asked({ filter: { ...since, field: 'weight' } as Filter })).rejects.toThrow('has no column for weight');
});

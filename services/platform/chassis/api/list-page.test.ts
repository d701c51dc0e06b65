import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { BookSchema, ListBooksRequestSchema } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { type ListQuery, listOf, listPage } from './list-page.ts';
import { encodePageToken } from './page-token.ts';

const books = listOf(ListBooksRequestSchema, BookSchema, {
  filter: ['state', 'create_time'],
  order: { field: 'create_time', descending: true },
});

const items = [3, 2, 1].map((day) => ({ time: new Date(Date.UTC(2026, 0, day)), id: `${day}` }));

/** A page of the items, as a database that knows nothing of filters. */
function page(request: MessageInitShape<typeof ListBooksRequestSchema>, asked: ListQuery[] = []) {
  const read = async (query: ListQuery) => {
    asked.push(query);
    const { order, after, limit } = query;
    const isBehind = ({ time }: { time: Date }) => (order.descending ? time < after.time : time > after.time);
    return (order.descending ? items : items.toReversed()).filter(isBehind).slice(0, limit);
  };
  return listPage(books, create(ListBooksRequestSchema, request), read, (item) => item);
}

const wrongToken = { code: 3, fieldViolations: [{ field: 'page_token' }] };

test.each([
  '2026-01-02',
  '2026-13-01T00:00:00.000Z',
  '0000-01-01T00:00:00.000Z',
  '+012026-01-01T00:00:00.000Z',
  '-000001-01-01T00:00:00.000Z',
  'now',
])('a page does not begin at %s', async (time) => {
  const asked: ListQuery[] = [];
  await expect(page({ pageToken: encodePageToken({ time, id: 'a', asked: '' }) }, asked)).rejects.toMatchObject(wrongToken);
  expect(asked).toEqual([]);
});

test.each(['', 'create_time desc', 'create_time'])('a page begins behind the one before, ordered by "%s"', async (orderBy) => {
  const first = await page({ pageSize: 2, orderBy });
  const second = await page({ pageSize: 2, orderBy, pageToken: first.nextPageToken });
  const expected = orderBy === 'create_time' ? items.toReversed() : items;
  expect([...first.items, ...second.items]).toEqual(expected);
  expect([first.items.length, second.nextPageToken]).toEqual([2, '']);
});

test('a token is good for the size of the page that its caller likes, and for no other filter or order', async () => {
  const filter = 'state = STATE_DRAFT';
  const { nextPageToken: pageToken } = await page({ pageSize: 1, filter });
  expect((await page({ pageSize: 2, filter, pageToken })).items).toEqual(items.slice(1));
  for (const other of [{}, { filter: 'state = STATE_CLOSED' }, { filter, orderBy: 'create_time desc' }, { filter: `${filter} ` }]) {
    await expect(page({ ...other, pageToken })).rejects.toMatchObject(wrongToken);
  }
});

test.each([
  [0, 50],
  [7, 7],
  [100, 100],
  [101, 100],
  [2 ** 31 - 1, 100],
])('a page_size of %i is %i', async (pageSize, size) => {
  const asked: ListQuery[] = [];
  await page({ pageSize }, asked);
  expect(asked.map(({ limit }) => limit - 1)).toEqual([size]);
});

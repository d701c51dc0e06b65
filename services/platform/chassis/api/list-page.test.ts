import { expect, test } from 'vitest';
import { listPage } from './list-page.ts';
import { encodePageToken } from './page-token.ts';

const nobody = async () => {
  throw new Error('the database was asked');
};

test.each([
  '2026-01-02',
  '2026-13-01T00:00:00.000Z',
  '0000-01-01T00:00:00.000Z',
  '+012026-01-01T00:00:00.000Z',
  '-000001-01-01T00:00:00.000Z',
  'now',
])('a page does not begin at %s', async (time) => {
  const page = listPage({ pageSize: 0, pageToken: encodePageToken({ time, id: 'a' }) }, nobody, () => ({ time: new Date(), id: '' }));
  await expect(page).rejects.toMatchObject({ code: 3, fieldViolations: [{ field: 'page_token' }] });
});

test('a page begins behind the one before', async () => {
  const items = [3, 2, 1].map((day) => ({ time: new Date(Date.UTC(2026, 0, day)), id: `${day}` }));
  const read = async (after: { time: Date }, limit: number) => items.filter(({ time }) => time < after.time).slice(0, limit);
  const first = await listPage({ pageSize: 2, pageToken: '' }, read, (item) => item);
  const second = await listPage({ pageSize: 2, pageToken: first.nextPageToken }, read, (item) => item);
  expect([first.items.length, second.items, second.nextPageToken]).toEqual([2, [items[2]], '']);
});

import { expect, test, vi } from 'vitest';
import type { Client } from '../../contracts/client.ts';
import { MaintenanceService } from '../../contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { withPreview } from '../../contracts/preview.ts';
import { followPreview } from './follow-preview.ts';

type TestClient = Client<typeof MaintenanceService>;

/** Previews of a service "shop", by tag; each call and each end says whose it was. */
function following(urls: Record<string, string>) {
  const calls: string[] = [];
  const connected: string[] = [];
  const client = (name: string) =>
    ({ relayOutbox: async () => void calls.push(name), close: () => void calls.push(`${name} closed`) }) as unknown as TestClient;
  const shop = followPreview(MaintenanceService, 'shop', client('default'), {
    urlOf: async (tag) => urls[tag],
    connect: (url) => {
      connected.push(url);
      return client(url);
    },
  });
  const call = (choice: string | undefined) => withPreview(choice, () => shop.relayOutbox({ limit: 1 }));
  return { calls, connected, shop, call };
}

test('work of a preview calls the preview of that service, where there is one', async () => {
  const { calls, call } = following({ 'pr-1': 'http://one' });
  for (const choice of ['shop=pr-1', 'shop=pr-2', 'other=pr-1', 'other=pr-1,shop=pr-1', undefined]) await call(choice);
  expect(calls).toEqual(['http://one', 'default', 'default', 'http://one', 'default']);
});

test('a preview that moves is followed, one that is gone is the default, and what is left is closed when its calls have ended', async () => {
  vi.useFakeTimers();
  const urls: Record<string, string> = { 'pr-1': 'http://one' };
  const { calls, call } = following(urls);
  await call('shop=pr-1');
  urls['pr-1'] = 'http://two';
  await call('shop=pr-1');
  delete urls['pr-1'];
  await call('shop=pr-1');
  expect(calls).toEqual(['http://one', 'http://two', 'default']);
  vi.runAllTimers();
  vi.useRealTimers();
  expect(calls.slice(3)).toEqual(['http://one closed', 'http://two closed']);
});

test('all connections are closed', async () => {
  const { calls, shop, call } = following({ 'pr-1': 'http://one' });
  await call('shop=pr-1');
  shop.close();
  expect(calls).toEqual(['http://one', 'default closed', 'http://one closed']);
});

test('calls that meet a moved preview at once share one new connection, and the old one is closed once', async () => {
  vi.useFakeTimers();
  const urls: Record<string, string> = { 'pr-1': 'http://one' };
  const { calls, connected, call } = following(urls);
  await call('shop=pr-1');
  urls['pr-1'] = 'http://two';
  await Promise.all([call('shop=pr-1'), call('shop=pr-1'), call('shop=pr-1')]);
  vi.runAllTimers();
  vi.useRealTimers();
  expect(connected).toEqual(['http://one', 'http://two']);
  expect(calls).toEqual(['http://one', 'http://two', 'http://two', 'http://two', 'http://one closed']);
});

test('what a preview has left behind is closed with all the others, and not again when its time has come', async () => {
  vi.useFakeTimers();
  const urls: Record<string, string> = { 'pr-1': 'http://one' };
  const { calls, shop, call } = following(urls);
  await call('shop=pr-1');
  delete urls['pr-1'];
  await call('shop=pr-1');
  shop.close();
  const closed = ['http://one', 'default', 'default closed', 'http://one closed'];
  expect(calls).toEqual(closed);
  vi.runAllTimers();
  vi.useRealTimers();
  expect(calls).toEqual(closed);
});

test('previews that nobody asks for again do not stay connected for ever', async () => {
  vi.useFakeTimers();
  const tags = Array.from({ length: 100 }, (_, index) => `pr-${index}`);
  const { calls, call } = following(Object.fromEntries(tags.map((tag) => [tag, `http://${tag}`])));
  for (const tag of tags) await call(`shop=${tag}`);
  vi.runAllTimers();
  vi.useRealTimers();
  expect(calls.filter((one) => one.endsWith('closed'))).toHaveLength(100 - 32);
});

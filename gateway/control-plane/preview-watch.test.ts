import type { Logger } from 'pino';
import { expect, test, vi } from 'vitest';
import type { Listing } from './list-previews.ts';
import { listPreviews } from './list-previews.ts';
import { PreviewStore } from './preview-store.ts';
import { PreviewWatch } from './preview-watch.ts';

const preview = (tag: string, url = `https://${tag}---partner.example`) => ({
  service: 'partner',
  tag,
  url,
  revision: 'partner-00001-abc',
});
const listing = (count: number): Listing => ({
  services: 4,
  previews: Array.from({ length: count }, (_, index) => preview(`pr-${index}`)),
});

/** A watch whose listings are told one by one; between them it waits until it is woken. */
function watched(listings: (Listing | Error)[]) {
  const store = new PreviewStore();
  const error = vi.fn<(...args: unknown[]) => void>();
  const logger = { error, info: vi.fn() } as unknown as Logger;
  let wake = () => {};
  const waits: number[] = [];
  const watch = new PreviewWatch({
    store,
    list: async () => {
      const next = listings.shift() ?? new Error('no more');
      if (next instanceof Error) throw next;
      return next;
    },
    environment: { trustedCaFile: '/ca.pem' },
    logger,
    intervalMs: 60_000,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        waits.push(ms);
        wake = resolve;
        signal.addEventListener('abort', () => resolve());
      }),
  });
  void watch.run();
  const settled = async (times: number) => await vi.waitFor(() => expect(waits).toHaveLength(times));
  return { store, watch, error, waits, wake: () => wake(), settled };
}

test.each([
  ['fails', new Error('UNAVAILABLE')],
  ['has none of our services', { services: 0, previews: [] }],
  ['has less than half of the previews', listing(9)],
])('a listing that %s changes nothing, and is told once', async (_, bad) => {
  const { store, watch, error, wake, settled } = watched([listing(20), bad, bad, listing(20)]);
  await settled(1);
  wake();
  await settled(2);
  expect(store.served.size).toBe(20);
  expect(watch.state.fault).toBeDefined();
  wake();
  await settled(3);
  expect(error).toHaveBeenCalledTimes(1);
  wake();
  await settled(4);
  expect(watch.state.fault).toBeUndefined();
  watch.end();
});

test('three listings in a row that say that most previews are gone are believed', async () => {
  const { store, watch, wake, settled } = watched([listing(20), listing(1), listing(1), listing(1)]);
  for (const times of [1, 2, 3, 4]) {
    await settled(times);
    expect(store.served.size).toBe(times < 4 ? 20 : 1);
    wake();
  }
  watch.end();
});

test('a few previews may all go at once', async () => {
  const { store, watch, wake, settled } = watched([listing(9), listing(0)]);
  await settled(1);
  wake();
  await settled(2);
  expect(store.served.size).toBe(0);
  watch.end();
});

test('who says that something has changed has it listed at once', async () => {
  const { store, watch, settled } = watched([listing(1), listing(2)]);
  await settled(1);
  watch.changed();
  await settled(2);
  expect(store.served.size).toBe(2);
  watch.end();
});

test('one preview at fault leaves the others alone, and is told once', async () => {
  const odd = { services: 4, previews: [preview('pr-1'), preview('pr-2', 'nowhere')] };
  const { store, watch, error, wake, settled } = watched([odd, odd]);
  await settled(1);
  wake();
  await settled(2);
  expect([...store.served.keys()]).toEqual(['partner@pr-1']);
  expect(watch.state.faults).toEqual([{ service: 'partner', tag: 'pr-2', why: 'its URL "nowhere" is none' }]);
  expect(error).toHaveBeenCalledTimes(1);
  watch.end();
});

test('tags of our services are listed from every location; of one that stands in two the first counts', async () => {
  const pages: Record<string, object[]> = {
    a: [
      {
        name: 'projects/p/locations/a/services/partner',
        trafficStatuses: [{ percent: 100 }, { tag: 'pr-1', uri: 'https://a', revision: 'r1' }],
      },
      { name: 'projects/p/locations/a/services/stranger', trafficStatuses: [{ tag: 'pr-1', uri: 'https://s' }] },
      { name: 'projects/p/locations/a/services/job', trafficStatuses: [{ tag: 'pr-9', uri: '' }] },
    ],
    b: [{ name: 'projects/p/locations/b/services/partner', trafficStatuses: [{ tag: 'pr-1', uri: 'https://b', revision: 'r2' }] }],
  };
  const client = {
    listServicesAsync: ({ parent }: { parent: string }) =>
      (async function* () {
        yield* pages[parent]!;
      })(),
  };
  const found = await listPreviews({ client: client as never, parents: ['a', 'b'], services: ['partner', 'job'] });
  expect(found).toEqual({ services: 3, previews: [{ service: 'partner', tag: 'pr-1', url: 'https://a', revision: 'r1' }] });
});

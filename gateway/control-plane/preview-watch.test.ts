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
  const settled = async (times: number) => await expect.poll(() => waits).toHaveLength(times);
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

test('other previews in the place of those that there were are as odd as none', async () => {
  const others = { services: 4, previews: listing(40).previews.slice(20) };
  const { store, watch, wake, settled } = watched([listing(20), others]);
  await settled(1);
  wake();
  await settled(2);
  expect([...store.served.keys()]).toContain('partner@pr-0');
  expect(watch.state.fault).toBe('the listing looks wrong: it has 0 of the 20 previews that there were');
  watch.end();
});

test('listings without our services confirm none in which most previews are gone', async () => {
  const none = { services: 0, previews: [] };
  const { store, watch, wake, settled } = watched([listing(20), none, none, none, listing(1), none, listing(1), listing(1)]);
  for (const times of [1, 2, 3, 4, 5, 6, 7, 8]) {
    await settled(times);
    expect(store.served.size).toBe(20);
    wake();
  }
  watch.end();
});

test('whatever a listing says, it is published or named as a fault: nothing of it ends the watch', async () => {
  const texts = ['', 'pr-1', 'PR', '-', '*', '../x', 'a'.repeat(47), 'é', '\0', '__proto__', 'constructor'];
  const urls = [
    ...[
      '',
      'nowhere',
      '//x',
      'ftp://a',
      'https://',
      'https://[::1]:0',
      'https://a:99999',
      'http://a b',
      'https://%00',
      'https://xn--a',
      'blob:https://a/1',
    ],
    ...[
      `https://${'a'.repeat(300)}.example`,
      `https://${'a.'.repeat(500)}example`,
      'https://u:p@a.example/path?q#f',
      'http://1.2.3',
      'https://é.example',
    ],
  ];
  const previews = texts.flatMap((tag) => urls.map((url, index) => ({ ...preview(tag, url), revision: texts[index % texts.length]! })));
  const { store, watch, wake, settled } = watched([{ services: 4, previews }, listing(1)]);
  await settled(1);
  expect(watch.state.faults.length).toBeGreaterThan(100);
  expect([...store.served.keys()].every((name) => /^partner@[a-z][a-z0-9-]{0,45}$/.test(name))).toBe(true);
  wake();
  await settled(2);
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

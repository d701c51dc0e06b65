import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PreviewDirectory } from './preview-directory.ts';

const logger = pino({ level: 'silent' });

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

/**
 * A control plane whose streams tell the list of the moment once, when it may be told, and then nothing, as one does that is late or whose connection is dead.
 * A stream whose list is undefined fails.
 */
function controlPlane(list: () => Record<string, string> | undefined, mayTell: (stream: number) => Promise<unknown> = async () => {}) {
  const ended: number[] = [];
  const known: string[][] = [];
  let streams = 0;
  const client = {
    async *watchPreviews(asked: { known: readonly { tag: string }[] }, { signal }: { signal?: AbortSignal } = {}) {
      const stream = ++streams;
      known.push(asked.known.map(({ tag }) => tag));
      await mayTell(stream);
      const urls = list();
      if (urls === undefined) throw new Error('away');
      yield { previews: Object.entries(urls).map(([tag, url]) => ({ service: 'shop', tag, url })) };
      await delay(1e6, undefined, { signal, ref: false }).catch(() => {});
      ended.push(stream);
    },
  };
  const directory = new PreviewDirectory({ client: client as never, services: ['shop'], logger });
  return { directory, ended, known, streams: () => streams };
}

test('asks once, and goes by what it was told', async () => {
  const { directory, streams } = controlPlane(() => ({ 'pr-1': 'http://one' }));
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://one');
  expect(await directory.urlOf('shop', 'pr-2')).toBeUndefined();
  expect(streams()).toBe(1);
  directory.close();
});

test('the first list is waited for, be it late', async () => {
  const listed = Promise.withResolvers<void>();
  const { directory } = controlPlane(
    () => ({ 'pr-1': 'http://one' }),
    () => listed.promise,
  );
  const asked = directory.urlOf('shop', 'pr-1');
  // More than the usual time: a process that had little of the CPU took this long.
  expect(await Promise.race([asked, delay(1_500, 'waits')])).toBe('waits');
  listed.resolve();
  expect(await asked).toBe('http://one');
  directory.close();
});

test('a preview of which it has not heard yet is asked for, once by all who want it, and one that is gone again only a second later', async () => {
  let urls: Record<string, string> = { 'pr-1': 'http://one' };
  const { directory, streams } = controlPlane(() => urls);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://one');
  urls = { ...urls, 'pr-2': 'http://two' };
  later(1_500);
  const both = [directory.urlOf('shop', 'pr-2'), directory.urlOf('shop', 'pr-2')];
  expect(await Promise.all(both)).toEqual(['http://two', 'http://two']);
  expect(streams()).toBe(2);
  for (let times = 0; times < 10; times++) expect(await directory.urlOf('shop', 'pr-gone')).toBeUndefined();
  expect(streams()).toBe(2);
  later(1_500);
  expect(await directory.urlOf('shop', 'pr-gone')).toBeUndefined();
  expect(streams()).toBe(3);
  directory.close();
});

test('while the control plane is away, what it has told is gone by at once', async () => {
  let urls: Record<string, string> | undefined = { 'pr-1': 'http://one' };
  const { directory, ended } = controlPlane(() => urls);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://one');
  urls = undefined;
  later(60_000);
  const waited = delay(5_000, 'waits', { ref: false });
  expect(await Promise.race([directory.urlOf('shop', 'pr-1'), waited])).toBe('http://one');
  expect(await Promise.race([directory.urlOf('shop', 'pr-2'), waited])).toBeUndefined();
  await expect.poll(() => ended).toEqual([1]);
  directory.close();
});

test('a process that has stood still asks anew before it goes by an old list, and says what that is', async () => {
  let urls: Record<string, string> = { 'pr-1': 'http://one' };
  const { directory, ended, known, streams } = controlPlane(() => urls);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://one');
  urls = { 'pr-1': 'http://two' };
  later(4_000);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://one');
  later(60_000);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://two');
  expect(streams()).toBe(2);
  await expect.poll(() => ended).toEqual([1]);
  expect(known).toEqual([[], ['pr-1']]);
  directory.close();
});

test('work that waits for a list when the process stands still gets the one that is asked for then', async () => {
  const { directory } = controlPlane(
    () => ({ 'pr-1': 'http://one' }),
    (stream) => (stream === 1 ? new Promise(() => {}) : Promise.resolve()),
  );
  const waiting = directory.urlOf('shop', 'pr-1');
  later(60_000);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://one');
  directory.close();
  expect(await waiting).toBe('http://one');
});

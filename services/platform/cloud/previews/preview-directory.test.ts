import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { PreviewDirectory } from './preview-directory.ts';

const logger = pino({ level: 'silent' });

afterEach(() => void vi.useRealTimers());

/** A control plane whose streams tell the list of the moment once, and then nothing, as one whose connection is dead does. */
function controlPlane(list: () => Record<string, string>) {
  const ended: number[] = [];
  const known: string[][] = [];
  let streams = 0;
  const client = {
    async *watchPreviews(asked: { known: readonly { tag: string }[] }, { signal }: { signal?: AbortSignal } = {}) {
      const stream = ++streams;
      known.push(asked.known.map(({ tag }) => tag));
      yield { previews: Object.entries(list()).map(([tag, url]) => ({ service: 'shop', tag, url })) };
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

test('a process that has stood still asks anew before it goes by an old list, and says what that is', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  let urls: Record<string, string> = { 'pr-1': 'http://one' };
  const { directory, ended, known, streams } = controlPlane(() => urls);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://one');
  urls = { 'pr-1': 'http://two' };
  vi.setSystemTime(Date.now() + 4_000);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://one');
  vi.setSystemTime(Date.now() + 60_000);
  expect(await directory.urlOf('shop', 'pr-1')).toBe('http://two');
  expect(streams()).toBe(2);
  await vi.waitFor(() => expect(ended).toEqual([1]));
  expect(known).toEqual([[], ['pr-1']]);
  directory.close();
});

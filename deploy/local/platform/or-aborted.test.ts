import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { orAborted } from './or-aborted.ts';

const stopping = new Error('the platform is being stopped');

test('ends as the promise does', async () => {
  const { signal } = new AbortController();
  expect(await orAborted(Promise.resolve(7), signal)).toBe(7);
  await expect(orAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
});

test('ends with the reason of the signal where that comes first', async () => {
  const stop = new AbortController();
  const waiting = orAborted(new Promise(() => {}), stop.signal);
  stop.abort(stopping);
  await expect(waiting).rejects.toBe(stopping);
});

test.each(['before', 'while'])('what fails after the signal has come %s it was waited for ends no process', async (when) => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => unheard.push(error);
  process.on('unhandledRejection', hear);
  const stop = new AbortController();
  const work = Promise.withResolvers<never>();
  if (when === 'before') stop.abort(stopping);
  const waiting = orAborted(work.promise, stop.signal);
  if (when === 'while') stop.abort(stopping);
  await expect(waiting).rejects.toBe(stopping);
  work.reject(new Error('the local cloud ended meanwhile'));
  await setImmediate();
  process.off('unhandledRejection', hear);
  expect(unheard).toEqual([]);
});

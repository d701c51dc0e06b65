import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Change, watch } from './watch.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A list of changes that grows. */
function source(changes: Change<string, number>[] = []) {
  const reads: (number | undefined)[] = [];
  const read = async (since: number | undefined) => {
    reads.push(since);
    return changes.filter(({ position }) => position > (since ?? 0));
  };
  return { changes, reads, read };
}

test('sends what is there at once, then each change once', async () => {
  const { changes, read, reads } = source([{ value: 'a', position: 1 }]);
  const messages = watch({ read, signal: new AbortController().signal });
  expect((await messages.next()).value).toEqual({ value: 'a', position: 1 });
  const next = messages.next();
  await vi.advanceTimersByTimeAsync(500);
  changes.push({ value: 'b', position: 2 });
  await vi.advanceTimersByTimeAsync(500);
  expect((await next).value).toEqual({ value: 'b', position: 2 });
  expect(reads).toEqual([undefined, 1, 1]);
});

test('begins where a resume token says', async () => {
  const { read } = source([
    { value: 'a', position: 1 },
    { value: 'b', position: 2 },
  ]);
  const messages = watch({ read, since: 1, signal: new AbortController().signal });
  expect((await messages.next()).value).toEqual({ value: 'b', position: 2 });
});

test('says at once that it is there when nothing is, and again after each silence', async () => {
  const { read } = source();
  const messages = watch({ read, since: 7, signal: new AbortController().signal, heartbeatMs: 15_000 });
  expect((await messages.next()).value).toEqual({ value: undefined, position: 7 });
  let heard = false;
  const next = messages.next().then(({ value }) => {
    heard = true;
    return value;
  });
  await vi.advanceTimersByTimeAsync(14_400);
  expect(heard).toBe(false);
  await vi.advanceTimersByTimeAsync(600);
  expect(await next).toEqual({ value: undefined, position: 7 });
});

test('ends at once when the signal aborts, also in a pause', async () => {
  const { read } = source();
  const aborter = new AbortController();
  const messages = watch({ read, signal: aborter.signal });
  await messages.next();
  const next = messages.next();
  await vi.advanceTimersByTimeAsync(10);
  aborter.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});

test('fails as its read does', async () => {
  const read = async () => {
    throw new Error('database');
  };
  await expect(watch({ read, signal: new AbortController().signal }).next()).rejects.toThrow('database');
});

import { Metadata, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import type { Outcome, ServedMethod } from '../server/served-method.ts';
import { ServerCall } from '../server/server-call.ts';
import { deadline } from './deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const method = { deadlineMs: 5_000 } as ServedMethod;
const ok: Outcome = { code: status.OK, message: 'OK' };

function newCall(clientDeadline = Number.POSITIVE_INFINITY): ServerCall {
  const incoming = {
    metadata: new Metadata(),
    body: Buffer.alloc(0),
    messages: undefined,
    receivedAt: Date.now(),
    clientDeadline,
    write: async () => {},
  };
  return new ServerCall(LibraryService.method.getBook, incoming, { logger: pino({ enabled: false }), project: 'p' });
}

test.each([
  ["the method's", Number.POSITIVE_INFINITY, 5_000],
  ["the client's earlier", 1_000, 1_000],
])('a handler that does not end is given up at %s deadline', async (_, clientMs, expectedMs) => {
  const call = newCall(Date.now() + clientMs);
  let failure: unknown;
  const run = deadline()(
    () => new Promise(() => {}),
    method,
  )(call).catch((error) => {
    failure = error;
  });
  await vi.advanceTimersByTimeAsync(expectedMs - 1);
  expect([failure, call.signal.aborted]).toEqual([undefined, false]);
  await vi.advanceTimersByTimeAsync(1);
  await run;
  expect(failure).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  expect(call.signal.reason).toBe(failure);
});

test('time that has passed before counts', async () => {
  const call = newCall();
  await vi.advanceTimersByTimeAsync(4_000);
  const run = expect(deadline()(() => new Promise(() => {}), method)(call)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  await vi.advanceTimersByTimeAsync(1_000);
  await run;
});

test('answers in time leave no abort behind, and one timer for all of them, which ends with the first deadline', async () => {
  const run = deadline()(async () => ok, method);
  const calls = [newCall(), newCall(), newCall()];
  for (const call of calls) await expect(run(call)).resolves.toBe(ok);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(vi.getTimerCount()).toBe(0);
  expect(calls.map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
});

test('calls share a timer: each is given up at its own deadline, however they come and go', async () => {
  const within = deadline();
  const never = within(() => new Promise(() => {}), method);
  const failed: string[] = [];
  const wait = (name: string, clientMs: number) =>
    never(newCall(Date.now() + clientMs)).catch((error: { readonly reason: string }) => failed.push(`${name} ${error.reason}`));
  const calls = [wait('late', 3_000), wait('early', 1_000), wait('last', 9_000)];
  await within(async () => ok, method)(newCall(Date.now() + 500));
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(999);
  expect(failed).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(failed).toEqual(['early DEADLINE_EXCEEDED']);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(failed).toEqual(['early DEADLINE_EXCEEDED', 'late DEADLINE_EXCEEDED']);
  // The method's own, of 5 s.
  await vi.advanceTimersByTimeAsync(2_000);
  expect(failed).toEqual(['early DEADLINE_EXCEEDED', 'late DEADLINE_EXCEEDED', 'last DEADLINE_EXCEEDED']);
  await Promise.all(calls);
  expect(vi.getTimerCount()).toBe(0);
});

test('a call that was ended before it began does not reach its handler', async () => {
  const call = newCall();
  call.clientGone();
  const next = vi.fn(async () => ok);
  await expect(deadline()(next, method)(call)).rejects.toMatchObject({ code: status.CANCELLED });
  expect(next).not.toHaveBeenCalled();
});

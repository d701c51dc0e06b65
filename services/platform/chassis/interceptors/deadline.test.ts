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
  const run = deadline(
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
  const run = expect(deadline(() => new Promise(() => {}), method)(call)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  await vi.advanceTimersByTimeAsync(1_000);
  await run;
});

test('an answer in time leaves no timer and no abort behind', async () => {
  const call = newCall();
  await expect(deadline(async () => ok, method)(call)).resolves.toBe(ok);
  expect(vi.getTimerCount()).toBe(0);
  expect(call.signal.aborted).toBe(false);
});

test('a call that was ended before it began does not reach its handler', async () => {
  const call = newCall();
  call.clientGone();
  const next = vi.fn(async () => ok);
  await expect(deadline(next, method)(call)).rejects.toMatchObject({ code: status.CANCELLED });
  expect(next).not.toHaveBeenCalled();
});

import { SpanKind } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../contracts/client.ts';
import { inSpan } from '../../contracts/in-span.ts';
import { LibraryService, type WatchRoomResponse } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { recordSpans, type SpanRecorder } from '../../testing/span-recorder.ts';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { clientFor, customerIssuer, project, startTestService, type TestService, testEnv } from '../../testing/test-service.ts';

const method = 'sample.library.v1.LibraryService/WatchRoom';
const traceOf = (name: string) => (name === 'rooms/a' ? 'a' : 'b').repeat(32);

let recorder: SpanRecorder;
let issuer: TestIssuer;
let service: TestService;
let client: Client<typeof LibraryService>;
/** Has a stream see a change, whoever calls it. */
const change = new Map<string, () => void>();

beforeAll(async () => {
  recorder = recordSpans();
  issuer = await startTestIssuer();
  service = await startTestService({
    env: testEnv(issuer.jwksUri),
    library: {
      async getBook({ name }) {
        if (name === 'books/broken') throw new Error('broken');
        for (const tell of change.values()) tell();
        return { name };
      },
      async *watchRoom({ name }, call) {
        for (let seen = 1; !call.signal.aborted; seen += 1) {
          const next = new Promise<void>((resolve) => {
            change.set(name, resolve);
            call.signal.addEventListener('abort', () => resolve());
          });
          yield await inSpan(`read ${name}`, { kind: SpanKind.INTERNAL, attributes: {} }, async () => ({ resumeToken: String(seen) }));
          await next;
        }
      },
    },
  });
  const token = await issuer.sign({ iss: customerIssuer, aud: project, sub: 'alice' });
  client = clientFor(LibraryService, service.url, 'edge-gateway', token);
});

beforeEach(() => recorder.reset());

afterAll(async () => {
  client.close();
  await Promise.all([service.stop(), issuer.close()]);
  recorder.close();
});

/** Opens a stream in a trace of its own, and reads its first message. */
async function open(name: string): Promise<AsyncIterator<WatchRoomResponse>> {
  const stream = client.watchRoom({ name }, { headers: { traceparent: `00-${traceOf(name)}-b7ad6b7169203331-01` } });
  const messages = stream[Symbol.asyncIterator]();
  expect((await messages.next()).value?.resumeToken).toBe('1');
  return messages;
}

const ended = (name: string, kind: SpanKind) => recorder.spans().filter((span) => span.name === name && span.kind === kind);

test.each([
  ['books/d', 'OK', {}, {}],
  ['elsewhere', 'INVALID_ARGUMENT', {}, { 'error.type': 'INVALID_ARGUMENT' }],
  ['books/broken', 'INTERNAL', { 'error.type': 'INTERNAL' }, { 'error.type': 'INTERNAL' }],
])('the spans of a call of %s have the same names on both sides, and end with %s', async (name, code, ofServer, ofClient) => {
  await Promise.allSettled([client.getBook({ name })]);
  const method = 'sample.library.v1.LibraryService/GetBook';
  const both = { 'rpc.system.name': 'grpc', 'rpc.method': method, 'rpc.response.status_code': code };
  expect(ended(method, SpanKind.SERVER).map(({ attributes }) => attributes)).toEqual([{ ...both, ...ofServer }]);
  expect(ended(method, SpanKind.CLIENT).map(({ attributes }) => attributes)).toEqual([{ ...both, ...ofClient }]);
});

test('what a stream does about a later change belongs to its own trace, though another call has made the change', async () => {
  const streams = await Promise.all([open('rooms/a'), open('rooms/b')]);
  await client.getBook({ name: 'books/d' }, { headers: { traceparent: `00-${'c'.repeat(32)}-b7ad6b7169203331-01` } });
  for (const stream of streams) expect((await stream.next()).value?.resumeToken).toBe('2');
  for (const stream of streams) await stream.return?.();
  await expect.poll(() => ended(method, SpanKind.SERVER)).toHaveLength(2);
  for (const name of ['rooms/a', 'rooms/b']) {
    const server = ended(method, SpanKind.SERVER).find((span) => span.spanContext().traceId === traceOf(name));
    const reads = ended(`read ${name}`, SpanKind.INTERNAL);
    expect(reads).toHaveLength(2);
    expect(new Set(reads.map((read) => read.parentSpanContext?.spanId))).toEqual(new Set([server?.spanContext().spanId]));
  }
});

test('the span of a stream lasts until its client goes away, and says so', async () => {
  const [gone, other] = await Promise.all([open('rooms/a'), open('rooms/b')]);
  expect(ended(method, SpanKind.SERVER)).toEqual([]);
  await gone.return?.();
  await expect.poll(() => ended(method, SpanKind.SERVER)).toHaveLength(1);
  expect(ended(method, SpanKind.SERVER)[0]).toMatchObject({
    attributes: { 'rpc.response.status_code': 'CANCELLED' },
    parentSpanContext: { traceId: traceOf('rooms/a') },
  });
  expect(ended(method, SpanKind.CLIENT)).toHaveLength(1);
  await other.return?.();
});

import { once } from 'node:events';
import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { create } from '@bufbuild/protobuf';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Book,
  BookSchema,
  type GetBookRequest,
  LibraryService,
  WatchRoomResponseSchema,
} from '../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { createClient } from './client.ts';
import { ClientError } from './client-error.ts';
import { serviceDefinition } from './definitions.ts';

let server: Server;
let url: string;
let received: Metadata;
let deadline: number;
let answer: (call: ServerUnaryCall<GetBookRequest, Book>, callback: sendUnaryData<Book>) => void;
const cancelled: string[] = [];

const echo: typeof answer = ({ request }, callback) => callback(null, create(BookSchema, { name: request.name }));

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  server = new Server();
  server.addService(serviceDefinition(LibraryService), {
    GetBook: (call: ServerUnaryCall<GetBookRequest, Book>, callback: sendUnaryData<Book>) => {
      received = call.metadata;
      deadline = Number(call.getDeadline());
      call.on('cancelled', () => cancelled.push('GetBook'));
      answer(call, callback);
    },
    WatchRoom: (stream: ServerWritableStream<unknown, unknown>) => {
      stream.on('cancelled', () => cancelled.push('WatchRoom'));
      stream.write(create(WatchRoomResponseSchema, { resumeToken: '1' }));
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
  url = `http://127.0.0.1:${port}`;
});

afterAll(() => {
  context.disable();
  server.forceShutdown();
});

test('sends the headers of the client, and those of the call over them', async () => {
  answer = echo;
  let asked = 0;
  const client = createClient(LibraryService, { url, headers: async () => ({ token: `t${++asked}`, other: 'client' }) });
  await client.getBook({ name: 'books/a' });
  const book = await client.getBook({ name: 'books/b' }, { headers: { other: 'call' } });
  expect(book.name).toBe('books/b');
  expect([received.get('token'), received.get('other')]).toEqual([['t2'], ['call']]);
  client.close();
});

test("uses the method's own deadline, or the call's", async () => {
  answer = echo;
  const client = createClient(LibraryService, { url });
  await client.getBook({ name: 'books/a' });
  expect(deadline).toBeLessThanOrEqual(Date.now() + 5_000);
  const own = new Date(Date.now() + 60_000);
  await client.getBook({ name: 'books/a' }, { deadline: own });
  expect(Math.abs(deadline - own.getTime())).toBeLessThan(5_000);
  client.close();
});

test('passes the active trace on', async () => {
  answer = echo;
  const client = createClient(LibraryService, { url });
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const parent = { traceId, spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED };
  await context.with(trace.setSpanContext(ROOT_CONTEXT, parent), () => client.getBook({ name: 'books/a' }));
  expect(received.get('traceparent')).toEqual([`00-${traceId}-b7ad6b7169203331-01`]);
  await client.getBook({ name: 'books/a' });
  expect(received.get('traceparent')).toEqual([]);
  client.close();
});

test('fails with code and message where the server tells no more, even if its details are garbled', async () => {
  const client = createClient(LibraryService, { url });
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from('ffff', 'hex'));
  answer = (_, callback) => callback({ code: status.ABORTED, details: 'again', metadata });
  const error = await client.getBook({ name: 'books/a' }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ClientError);
  expect(error).toMatchObject({ code: status.ABORTED, message: 'again', reason: undefined, details: [] });
  client.close();
});

test('cancels the call when the signal aborts, and calls nothing when it had before', async () => {
  const client = createClient(LibraryService, { url });
  const aborter = new AbortController();
  answer = () => aborter.abort();
  await expect(client.getBook({ name: 'books/a' }, { signal: aborter.signal })).rejects.toMatchObject({ code: status.CANCELLED });
  await expect(client.getBook({ name: 'books/a' }, { signal: aborter.signal })).rejects.toMatchObject({ name: 'AbortError' });
  client.close();
});

test('a stream that is not read to its end is cancelled', async () => {
  const client = createClient(LibraryService, { url });
  cancelled.length = 0;
  for await (const { resumeToken } of client.watchRoom({ name: 'rooms/g' })) {
    expect(resumeToken).toBe('1');
    break;
  }
  await expect.poll(() => cancelled).toContain('WatchRoom');
  client.close();
});

test('a stream ends with an error when the signal aborts', async () => {
  const client = createClient(LibraryService, { url });
  const aborter = new AbortController();
  const read = async () => {
    for await (const _ of client.watchRoom({ name: 'rooms/g' }, { signal: aborter.signal })) aborter.abort();
  };
  await expect(read()).rejects.toMatchObject({ name: 'ClientError', code: status.CANCELLED });
  client.close();
});

test('a server that cannot be reached is UNAVAILABLE', async () => {
  const nobody: Http2Server = createServer();
  nobody.listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = nobody.address() as AddressInfo;
  nobody.close();
  const client = createClient(LibraryService, { url: `http://127.0.0.1:${port}` });
  await expect(client.getBook({ name: 'books/a' })).rejects.toMatchObject({ code: status.UNAVAILABLE });
  client.close();
});

test('a URL of another kind is refused', () => {
  expect(() => createClient(LibraryService, { url: '127.0.0.1:80' })).toThrow();
  expect(() => createClient(LibraryService, { url: 'ftp://example.com' })).toThrow('"ftp://example.com" is not an http:// or https:// URL');
});

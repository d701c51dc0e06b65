import { create } from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import {
  type Book,
  BookSchema,
  LibraryService,
  WatchRoomResponseSchema,
} from '../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { createClient } from './client.ts';
import { serviceDefinition } from './definitions.ts';

let server: Server;
let url: string;
const served: string[] = [];

beforeAll(async () => {
  server = new Server();
  const implementation: UntypedServiceImplementation = {
    GetBook: (_call: ServerUnaryCall<unknown, Book>, done: sendUnaryData<Book>) => {
      served.push('GetBook');
      done(null, create(BookSchema));
    },
    WatchRoom: (stream: ServerWritableStream<unknown, unknown>) => {
      served.push('WatchRoom');
      stream.write(create(WatchRoomResponseSchema));
    },
  };
  server.addService(serviceDefinition(LibraryService), implementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
  url = `http://127.0.0.1:${port}`;
});

afterEach(() => {
  vi.useRealTimers();
  served.length = 0;
});

afterAll(() => server.forceShutdown());

test('nothing is called when the signal aborts while the call waits for its token', async () => {
  let aborter = new AbortController();
  const headers = async () => {
    aborter.abort();
    return {};
  };
  const client = createClient(LibraryService, { url, headers });
  await expect(client.getBook({ name: 'books/d' }, { signal: aborter.signal })).rejects.toMatchObject({ name: 'AbortError' });
  aborter = new AbortController();
  const stream = client.watchRoom({ name: 'rooms/g' }, { signal: aborter.signal });
  await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ name: 'AbortError' });
  expect(served).toEqual([]);
  client.close();
});

test("what a call waits for its token is part of the method's deadline", async () => {
  const client = createClient(LibraryService, {
    url,
    headers: async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
      return {};
    },
  });
  await expect(client.getBook({ name: 'books/d' })).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  expect(served).toEqual([]);
  client.close();
});

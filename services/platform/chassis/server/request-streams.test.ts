import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import {
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from '../../contracts/gen/types/grpc/reflection/v1/reflection_pb.js';
import { validation } from '../interceptors/validation.ts';
import type { Handlers } from './call.ts';
import { handle } from './handle.ts';
import type { ServedMethod } from './served-method.ts';
import { ServerCall } from './server-call.ts';

// No method of ours takes a stream of requests yet; that of gRPC's reflection does. Over the wire: tests/clients.

const bytesOf = (host: string) => Buffer.from(toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { host })));

let read: number;
let written: Buffer[];

beforeEach(() => {
  read = 0;
  written = [];
});

function run(serverReflectionInfo: Handlers<typeof ServerReflection>['serverReflectionInfo'], ...bodies: Buffer[]) {
  const method: ServedMethod = {
    desc: ServerReflection.method.serverReflectionInfo,
    decode: (bytes) => fromBinary(ServerReflectionRequestSchema, bytes),
    encode: (response) => Buffer.from(toBinary(ServerReflectionResponseSchema, create(ServerReflectionResponseSchema, response))),
    fullName: 'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    path: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    policy: undefined,
    http: undefined,
    deadlineMs: 1_000,
    maxRequestBytes: 1024,
    handler: serverReflectionInfo as ServedMethod['handler'],
  };
  const messages = (async function* () {
    for (const body of bodies) {
      read++;
      yield body;
    }
  })();
  const incoming = {
    metadata: new Metadata(),
    body: undefined,
    messages,
    receivedAt: Date.now(),
    clientDeadline: Number.POSITIVE_INFINITY,
    write: async (message: Buffer) => void written.push(message),
  };
  const call = new ServerCall(method.desc, incoming, { logger: pino({ enabled: false }), project: 'p' });
  return Promise.resolve().then(() => validation(handle(method), method)(call));
}

test('a handler gets the requests as they come, and answers between them', async () => {
  const hosts: string[] = [];
  const outcome = await run(
    async function* (requests: AsyncIterable<ServerReflectionRequest>) {
      for await (const { host } of requests) {
        hosts.push(`${host} after ${written.length}`);
        yield { validHost: host };
      }
    },
    bytesOf('a'),
    bytesOf('b'),
  );
  expect(outcome.code).toBe(status.OK);
  expect(hosts).toEqual(['a after 0', 'b after 1']);
  expect(written).toHaveLength(2);
});

test('requests that the handler does not ask for are not read', async () => {
  await run(
    async function* (requests: AsyncIterable<ServerReflectionRequest>) {
      await requests[Symbol.asyncIterator]().next();
      yield {};
    },
    bytesOf('a'),
    bytesOf('b'),
  );
  expect(read).toBe(1);
});

test.each([
  ['that is no message', Buffer.from('ff01', 'hex'), status.INVALID_ARGUMENT],
  ['with a text that the database cannot hold', bytesOf('a\0'), status.INVALID_ARGUMENT],
  ['that is too large', bytesOf('a'.repeat(1024)), status.RESOURCE_EXHAUSTED],
])('a later request %s ends the call, and the handler never sees it', async (_, bad, code) => {
  const seen: Message[] = [];
  const failure = run(
    async function* (requests: AsyncIterable<ServerReflectionRequest>) {
      for await (const request of requests) {
        seen.push(request);
        yield {};
      }
    },
    bytesOf('good'),
    bad,
  );
  await expect(failure).rejects.toMatchObject({ code });
  expect(seen).toHaveLength(1);
});

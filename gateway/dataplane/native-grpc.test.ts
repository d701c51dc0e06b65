import { connect } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DataPlane, startDataPlane } from './start-data-plane.ts';
import { testBootstrap } from './testing/test-bootstrap.ts';

const encode = (value: string): Buffer => Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value })));
const decode = (bytes: Buffer): string => fromBinary(StringValueSchema, bytes).value;
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: encode,
  requestDeserialize: decode,
  responseSerialize: encode,
  responseDeserialize: decode,
});
// grpc-js takes an empty string for no message: tests send something.
const definition = {
  unary: method('/test.Echo/Unary', false, false),
  fail: method('/test.Echo/Fail', false, false),
  count: method('/test.Echo/Count', false, true),
  collect: method('/test.Echo/Collect', true, false),
  chat: method('/test.Echo/Chat', true, true),
  hang: method('/test.Echo/Hang', false, false),
  flood: method('/test.Echo/Flood', false, true),
} satisfies grpc.ServiceDefinition;

let upstream: grpc.Server;
let plane: DataPlane;
let client: grpc.Client;
let cancelled = 0;
let flooded = 0;

beforeAll(async () => {
  upstream = new grpc.Server();
  upstream.addService(definition, {
    unary: (call: grpc.ServerUnaryCall<string, string>, done: grpc.sendUnaryData<string>) => {
      const trailer = new grpc.Metadata();
      trailer.set('x-trailer', 'kept');
      call.sendMetadata(new grpc.Metadata());
      done(null, `${call.request} ${String(call.metadata.get('x-tag')[0])}`, trailer);
    },
    fail: (_call: unknown, done: grpc.sendUnaryData<string>) => {
      const metadata = new grpc.Metadata();
      metadata.set('detail-bin', Buffer.from([1, 2, 3]));
      done({ code: 9, details: 'no: 組子', metadata });
    },
    count: (call: grpc.ServerWritableStream<string, string>) => {
      for (let i = 0; i < 3; i++) call.write(`${i}`);
      call.end();
    },
    collect: (call: grpc.ServerReadableStream<string, string>, done: grpc.sendUnaryData<string>) => {
      let text = '';
      call.on('data', (part: string) => {
        text += part;
      });
      call.on('end', () => done(null, text));
    },
    chat: (call: grpc.ServerDuplexStream<string, string>) => {
      call.on('data', (part: string) => call.write(`re: ${part}`));
      call.on('end', () => call.end());
    },
    hang: (call: grpc.ServerUnaryCall<string, string>) => {
      call.on('cancelled', () => {
        cancelled++;
      });
    },
    flood: (call: grpc.ServerWritableStream<string, string>) => {
      const chunk = 'x'.repeat(16 * 1024);
      const push = () => {
        while (flooded < 2_000 && call.write(chunk)) flooded++;
        if (flooded < 2_000) call.once('drain', push);
      };
      push();
    },
  } satisfies grpc.UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) =>
    upstream.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  plane = await startDataPlane(
    testBootstrap({
      clusters: { echo: port },
      routes: [
        {
          match: { path: '/test.Echo/Hang' },
          route: { cluster: 'echo', timeout: '0s', max_stream_duration: { max_stream_duration: '0.3s', grpc_timeout_header_max: '0.3s' } },
        },
        { match: { prefix: '/test.' }, route: { cluster: 'echo', timeout: '0s' } },
        { match: { prefix: '/down.' }, route: { cluster: 'down' } },
      ],
    }),
  );
  client = new grpc.Client(`127.0.0.1:${plane.ports.test}`, grpc.credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await plane.close();
  upstream.forceShutdown();
});

test('a unary call keeps metadata and trailers', async () => {
  const metadata = new grpc.Metadata();
  metadata.set('x-tag', 'tagged');
  const trailer = Promise.withResolvers<string>();
  const reply = await new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest('/test.Echo/Unary', encode, decode, 'hello', metadata, (error, value) =>
      error ? reject(error) : resolve(value),
    );
    call.on('status', (status) => trailer.resolve(String(status.metadata.get('x-trailer')[0])));
  });
  expect(reply).toBe('hello tagged');
  expect(await trailer.promise).toBe('kept');
});

test('an error keeps its code, message and binary details', async () => {
  const error = await failure('/test.Echo/Fail');
  expect(error.code).toBe(9);
  expect(error.details).toBe('no: 組子');
  expect(error.metadata.get('detail-bin')[0]).toEqual(Buffer.from([1, 2, 3]));
});

test('streams run in both directions', async () => {
  const counted: string[] = [];
  for await (const item of client.makeServerStreamRequest('/test.Echo/Count', encode, decode, 'x')) counted.push(item);
  expect(counted).toEqual(['0', '1', '2']);
  const collected = await new Promise((resolve, reject) => {
    const call = client.makeClientStreamRequest('/test.Echo/Collect', encode, decode, (error, value) =>
      error ? reject(error) : resolve(value),
    );
    for (const part of ['a', 'b', 'c']) call.write(part);
    call.end();
  });
  expect(collected).toBe('abc');
  const chat = client.makeBidiStreamRequest('/test.Echo/Chat', encode, decode);
  const said: string[] = [];
  chat.write('one');
  for await (const item of chat) {
    said.push(item);
    if (said.length === 1) chat.write('two');
    else chat.end();
  }
  expect(said).toEqual(['re: one', 're: two']);
});

test('a route without an upstream answers UNAVAILABLE in gRPC form, an unknown path UNIMPLEMENTED', async () => {
  const down = await failure('/down.Service/Method');
  expect(down.code).toBe(14);
  expect(down.details).toMatch(/^upstream connect error or disconnect\/reset before headers\. .*reset reason: remote connection failure/);
  expect((await failure('/unknown/Method')).code).toBe(12);
});

test('max_stream_duration ends a call with DEADLINE_EXCEEDED and cancels it upstream', async () => {
  const error = await failure('/test.Echo/Hang');
  expect(error.code).toBe(4);
  expect(error.details).toBe('downstream duration timeout');
  await expect.poll(() => cancelled).toBe(1);
});

test('a client that cancels cancels the upstream call', async () => {
  const before = cancelled;
  const call = client.makeUnaryRequest('/test.Echo/Hang', encode, decode, 'x', () => {});
  call.on('error', () => {});
  await new Promise((resolve) => setImmediate(resolve));
  setTimeout(() => call.cancel(), 50);
  await expect.poll(() => cancelled).toBe(before + 1);
});

test('a client that does not read stops the upstream', async () => {
  // Not grpc-js, which reads ahead without a bound.
  const session = connect(`http://127.0.0.1:${plane.ports.test}`);
  const call = session.request({ ':method': 'POST', ':path': '/test.Echo/Flood', 'content-type': 'application/grpc', te: 'trailers' });
  call.end(Buffer.from([0, 0, 0, 0, 3, 10, 1, 120]));
  let last = -1;
  await expect
    .poll(
      () => {
        const still = flooded > 0 && flooded === last;
        last = flooded;
        return still;
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true);
  // 32 MB were offered; windows and buffers hold a few.
  expect(flooded).toBeLessThan(1_000);
  session.destroy();
});

function failure(path: string): Promise<grpc.ServiceError> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, encode, decode, 'x', (error) => (error ? resolve(error) : reject(new Error('no error'))));
  });
}

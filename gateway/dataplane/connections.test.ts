import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildFormsDescriptor } from '../conformance/forms-descriptor.ts';
import { type DataPlane, startDataPlane } from './start-data-plane.ts';
import { filter, type TestBootstrap, testBootstrap } from './testing/test-bootstrap.ts';

const upstream = createServer();
const waiting: ((stream: ServerHttp2Stream) => void)[] = [];
const folder = mkdtempSync(join(tmpdir(), 'kumiko-connections-'));
let descriptor = '';
const planes: DataPlane[] = [];
const clients: ClientHttp2Session[] = [];

upstream.on('stream', (stream) => {
  stream.on('error', () => {});
  waiting.shift()?.(stream as ServerHttp2Stream);
});
beforeAll(async () => {
  descriptor = buildFormsDescriptor(folder);
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  waiting.length = 0;
  for (const client of clients.splice(0)) client.destroy();
  for (const plane of planes.splice(0)) await plane.close();
});
afterAll(async () => {
  await new Promise((resolve) => upstream.close(resolve));
  rmSync(folder, { recursive: true });
});

function formsTranscoder(): object {
  return filter('envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder', {
    proto_descriptor: descriptor,
    services: ['testing.v1.FormsService'],
  });
}

/** The next request that reaches the upstream. */
function nextStream(): Promise<ServerHttp2Stream> {
  return new Promise((resolve) => waiting.push(resolve));
}

async function start(parts: Partial<TestBootstrap> = {}): Promise<{ plane: DataPlane; client: ClientHttp2Session }> {
  const plane = await startDataPlane(
    testBootstrap({
      clusters: { main: (upstream.address() as AddressInfo).port },
      routes: [{ match: { prefix: '/' }, route: { cluster: 'main' } }],
      ...parts,
    }),
  );
  planes.push(plane);
  const client = connect(`http://127.0.0.1:${plane.ports.test}`);
  client.on('error', () => {});
  clients.push(client);
  return { plane, client };
}

/** Resolves when the stream is over: whether its request had looked whole until then. */
function looksWhole(stream: ServerHttp2Stream): Promise<boolean> {
  let whole = false;
  stream.on('data', () => {});
  stream.on('end', () => {
    whole = !stream.aborted && stream.rstCode === 0;
  });
  return new Promise((resolve) => stream.on('close', () => resolve(whole)));
}

test('a request that is cut off never looks whole to the upstream', async () => {
  const { client } = await start();
  const arrived = nextStream();
  const request = client.request({ ':method': 'POST', ':path': '/upload' });
  request.on('error', () => {});
  request.write('half of it');
  const stream = await arrived;
  const whole = looksWhole(stream);
  await once(stream, 'data');
  // close() would end the request before it resets it.
  request.destroy(new Error('gone'));
  expect(await whole).toBe(false);
});

test('the messages of a client stream reach the upstream one by one, before the request is over', async () => {
  const { client } = await start({ filters: [formsTranscoder()] });
  const arrived = nextStream();
  const request = client.request({ ':method': 'POST', ':path': '/v1/things:upload', 'content-type': 'application/json' });
  request.write('[{"name":"a"}, {"na');
  const stream = await arrived;
  // A frame header and the message: field 1, one byte.
  expect((await once(stream, 'data'))[0]).toEqual(Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x61]));
  request.end('me":"b"}]');
  expect((await once(stream, 'data'))[0]).toEqual(Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x62]));
  await once(stream, 'end');
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
  expect((await once(request, 'response'))[0][':status']).toBe(200);
});

test('an array that breaks off resets what the upstream has got of it', async () => {
  const { client } = await start({ filters: [formsTranscoder()] });
  const arrived = nextStream();
  const request = client.request({ ':method': 'POST', ':path': '/v1/things:upload', 'content-type': 'application/json' });
  request.write('[{"name":"a"},');
  const stream = await arrived;
  const whole = looksWhole(stream);
  request.end('oops]');
  expect((await once(request, 'response'))[0][':status']).toBe(400);
  expect(await whole).toBe(false);
});

test('a connection without streams is told to go after idle_timeout', async () => {
  const { client } = await start({ manager: { common_http_protocol_options: { idle_timeout: '0.05s' } } });
  await once(client, 'goaway');
  await once(client, 'close');
});

test('a connection with a stream is not idle', async () => {
  const { client } = await start({ manager: { common_http_protocol_options: { idle_timeout: '0.05s' } } });
  const arrived = nextStream();
  const request = client.request({ ':path': '/slow' });
  const stream = await arrived;
  setTimeout(() => stream.respond({ ':status': 200 }, { endStream: true }), 150);
  expect((await once(request, 'response'))[0][':status']).toBe(200);
  await once(client, 'close');
});

test('draining ends idle connections, lets streams finish, and takes no new connection', async () => {
  const { plane, client } = await start({ admin: true });
  const idle = connect(`http://127.0.0.1:${plane.ports.test}`);
  clients.push(idle);
  await once(idle, 'connect');
  const arrived = nextStream();
  const request = client.request({ ':path': '/slow' });
  const stream = await arrived;
  const gone = once(idle, 'close');
  const drained = await fetch(`http://127.0.0.1:${plane.ports.admin}/drain_listeners?graceful`, { method: 'POST' });
  expect(drained.status).toBe(200);
  await gone;
  stream.respond({ ':status': 200 }, { endStream: true });
  expect((await once(request, 'response'))[0][':status']).toBe(200);
  await once(client, 'close');
  const late = connect(`http://127.0.0.1:${plane.ports.test}`);
  expect(((await once(late, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('ECONNREFUSED');
});

test.each(['HTTP/1.1', 'HTTP/2'])(
  'a client of %s that reads nothing for a while stops the upstream, then gets all of it',
  async (protocol) => {
    const length = 16 * 1024 * 1024;
    const { plane, client } = await start();
    const reached = nextStream();
    const answer: Duplex = protocol === 'HTTP/2' ? client.request({ ':path': '/' }) : unreadByHttp1(plane.ports.test!);
    const stream = await reached;
    let produced = 0;
    const body = function* () {
      for (; produced < length; produced += 65_536) yield Buffer.alloc(65_536);
    };
    stream.respond({ ':status': 200 });
    Readable.from(body()).pipe(stream);
    let before = 0;
    const stopped = () => {
      const still = produced > 0 && produced === before;
      before = produced;
      return still;
    };
    await expect.poll(stopped, { interval: 200, timeout: 10_000 }).toBe(true);
    expect(produced).toBeLessThan(length);
    let received = 0;
    for await (const chunk of answer) received += (chunk as Buffer).length;
    expect(received).toBeGreaterThanOrEqual(length);
  },
);

/** Sends a request; its answer is not read yet. */
function unreadByHttp1(port: number): Duplex {
  const socket = connectTcp(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n');
  return socket;
}

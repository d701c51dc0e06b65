import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Headers } from '../header-map.ts';
import { type Client, connectClient, type RawServer, startRawServer } from './testing/client-lab.ts';

const open: { close(): unknown }[] = [];
const clients: Client[] = [];
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  for (const server of open.splice(0)) await server.close();
});

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A server of node:http2, and a client of ours. */
async function start(onStream: OnStream, settings = {}, window?: number): Promise<{ client: Client; server: Http2Server }> {
  const server = createServer({ settings });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    onStream(stream as ServerHttp2Stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  const client = connectClient((server.address() as AddressInfo).port, window);
  clients.push(client);
  return { client, server };
}

async function rawServer(): Promise<RawServer> {
  const server = await startRawServer();
  open.push(server);
  return server;
}

const echo: OnStream = (stream) => {
  stream.respond({ ':status': 200 }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.pipe(stream);
};

test('bodies larger than every window pass both ways, with trailers behind', async () => {
  const { client } = await start(echo, { initialWindowSize: 10_000 }, 70_000);
  const body = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251));
  const { recorder, stream } = client.send([], false);
  for (let at = 0; at < body.length; at += 100_000) {
    const writable = new Promise<void>((resolve) => {
      recorder.onWritable = resolve;
    });
    if (!stream.sendData(body.subarray(at, at + 100_000), false)) await writable;
  }
  stream.sendData(Buffer.alloc(0), true);
  const outcome = await recorder.done;
  expect(outcome.body.equals(body)).toBe(true);
  expect(outcome.trailers).toEqual(['grpc-status', '0']);
});

test('headers, trailers and header blocks over one frame arrive as they were sent', async () => {
  const long = 'x'.repeat(20_000);
  const seen: unknown[] = [];
  const { client } = await start(
    (stream, headers) => {
      stream.on('trailers', (trailers) => seen.push(headers['x-long'], headers['x-latin'], trailers['x-checksum']));
      stream.on('end', () => stream.respond({ ':status': 204, 'x-long': long, 'x-latin': 'é' }, { endStream: true }));
      stream.resume();
    },
    { maxHeaderListSize: 100_000 },
  );
  const { recorder, stream } = client.send(['x-long', long, 'x-latin', 'é'], false);
  stream.sendTrailers(new Headers(['x-checksum', '7']));
  const { headers } = await recorder.done;
  expect(new Headers([...headers!]).get('x-long')).toBe(long);
  expect(new Headers([...headers!]).get('x-latin')).toBe('é');
  expect(seen).toEqual([long, 'é', '7']);
});

test('a stream that is paused after every piece loses nothing', async () => {
  let sent = 0;
  const { client } = await start(
    (stream) => {
      stream.respond({ ':status': 200 });
      const more = () => {
        if (sent < 300_000 && stream.write(Buffer.alloc(1_000))) setImmediate(more);
        else if (sent >= 300_000) stream.end();
        sent += 1_000;
      };
      stream.on('drain', more);
      more();
    },
    {},
    1_000_000,
  );
  const { recorder, stream } = client.send();
  let bytes = 0;
  stream.pause();
  stream.resume();
  recorder.onData = (chunk) => {
    bytes += chunk.length;
    stream.pause();
    setImmediate(() => stream.resume());
  };
  expect((await recorder.done).body.length).toBe(bytes);
  expect(bytes).toBeGreaterThanOrEqual(300_000);
});

test('the limit of streams that the peer sets is told to the pool', async () => {
  const { client } = await start((stream) => stream.respond({ ':status': 200 }), { maxConcurrentStreams: 2 });
  const { stream, recorder } = client.send();
  expect(client.http2.hasCapacity(100)).toBe(true);
  await new Promise<void>((resolve) => client.socket.once('data', () => setImmediate(resolve)));
  client.send();
  expect(client.http2.hasCapacity(100)).toBe(false);
  stream.cancel();
  expect(client.http2.hasCapacity(100)).toBe(true);
  recorder.onUpstreamReset('reset');
});

test('streams that GOAWAY leaves out were refused; the others finish', async () => {
  const streams: ServerHttp2Stream[] = [];
  const both = Promise.withResolvers<void>();
  const { client } = await start((stream) => {
    streams.push(stream);
    if (streams.length === 2) both.resolve();
  });
  const [first, second] = [client.send(), client.send()];
  await both.promise;
  streams[0]!.session!.goaway(0, 1);
  expect((await second.recorder.done).reset).toBe('refused-stream');
  expect(client.http2.hasCapacity(100)).toBe(false);
  streams[0]!.respond({ ':status': 200 });
  streams[0]!.end('done');
  expect((await first.recorder.done).body.toString()).toBe('done');
  await client.closed;
});

test('a refused stream is told apart from one that was reset', async () => {
  const codes = [constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_INTERNAL_ERROR];
  const { client } = await start((stream) => stream.close(codes.shift()));
  expect((await client.send().recorder.done).reset).toBe('refused-stream');
  expect((await client.send().recorder.done).reset).toBe('reset');
});

test('headers without a form in HTTP/2 are refused before anything is sent, and the connection goes on', async () => {
  const { client } = await start(echo);
  expect(() => client.send(['x', 'a\nb'])).toThrow(TypeError);
  expect((await client.send().recorder.done).headers).toContain('200');
});

test('a ping that the peer answers is heard; a peer that does not speak HTTP/2 loses the connection', async () => {
  const { client } = await start(echo);
  await new Promise<void>((resolve) => client.http2.ping(resolve));
  const raw = await rawServer();
  raw.script(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), false);
  const other = connectClient(raw.port);
  clients.push(other);
  expect((await other.send().recorder.done).reset).toBe('reset');
  await other.closed;
});

import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { makeFrame, frameType as rawType } from '../conformance/http2-frames.ts';
import { Headers } from './header-map.ts';
import { Recorder, startRawServer } from './http2/testing/client-lab.ts';
import { Http2Pool, type Http2PoolOptions } from './http2-pool.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function openPool(port: number, options: Partial<Http2PoolOptions['http2']> & { maxConnectionDurationMs?: number } = {}) {
  const { maxConnectionDurationMs, ...http2 } = options;
  const pending = { value: 0 };
  const pool = new Http2Pool({
    host: '127.0.0.1',
    port,
    tls: undefined,
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    pending,
    maxConnectionDurationMs,
    http2: { max_concurrent_streams: 100, initial_stream_window_size: 65_535, initial_connection_window_size: 65_535, ...http2 } as never,
  });
  closers.push(() => pool.close());
  const send = () => {
    const recorder = new Recorder();
    pool.request(new Headers([':method', 'GET', ':authority', 'upstream', ':path', '/']), true, recorder);
    return recorder;
  };
  return { pool, pending, send };
}

test('a peer that answers no ping loses its streams', async () => {
  const server = await startRawServer();
  closers.push(() => server.close());
  server.script(makeFrame(rawType.settings, 0, 0), false);
  const { send } = openPool(server.port, { connection_keepalive: { interval: 20, timeout: 20 } });
  expect((await send().done).reset).toBe('reset');
});

test('a host that refuses connections is told apart, and nobody waits for it any more', async () => {
  const server = await startRawServer();
  await server.close();
  const { send, pending } = openPool(server.port);
  const one = send();
  expect(pending.value).toBe(1);
  expect((await one.done).reset).toBe('connect-failure');
  expect(pending.value).toBe(0);
});

test('a further connection is opened only beyond the limit of streams; the scheme is filled in', async () => {
  const sessions = new Set<ServerHttp2Session>();
  const held = Promise.withResolvers<void>();
  const schemes: unknown[] = [];
  const server = createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', async (stream, headers) => {
    schemes.push(headers[':scheme']);
    if (schemes.length === 3) held.resolve();
    await held.promise;
    (stream as ServerHttp2Stream).respond({ ':status': 204 }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const session of sessions) session.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { pool, send } = openPool((server.address() as AddressInfo).port, { max_concurrent_streams: 2 });
  const outcomes = await Promise.all([send(), send(), send()].map(({ done }) => done));
  expect(outcomes.map(({ headers }) => headers?.[1])).toEqual(['204', '204', '204']);
  expect(sessions.size).toBe(2);
  expect(schemes).toEqual(['http', 'http', 'http']);
  expect(pool.isReady).toBe(true);
});

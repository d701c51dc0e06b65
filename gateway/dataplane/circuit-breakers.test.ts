import { type ClientHttp2Session, connect, constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type DataPlane, startDataPlane } from './start-data-plane.ts';
import { testBootstrap } from './testing/test-bootstrap.ts';

const upstream = createServer();
const sessions = new Set<ServerHttp2Session>();
let refusals = 0;
let plane: DataPlane | undefined;

upstream.on('session', (session) => {
  sessions.add(session);
  session.on('close', () => sessions.delete(session));
});
upstream.on('stream', (opened) => {
  const stream = opened as ServerHttp2Stream;
  stream.on('error', () => {});
  if (refusals > 0) {
    refusals--;
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
  } else stream.respond({ ':status': 200 }, { endStream: true });
});
beforeAll(() => new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve)));
afterEach(() => plane?.close());
afterAll(() => {
  for (const session of sessions) session.destroy();
  return new Promise<void>((resolve) => upstream.close(() => resolve()));
});

interface Clusters {
  readonly static_resources: { readonly clusters: Record<string, unknown>[] };
}

async function start(limits: object): Promise<string> {
  const retry = { retry_on: 'refused-stream', num_retries: 1, retry_back_off: { base_interval: '0.001s' } };
  const bootstrap = testBootstrap({
    clusters: { main: (upstream.address() as AddressInfo).port },
    routes: [{ match: { prefix: '/' }, route: { cluster: 'main', retry_policy: retry } }],
  });
  (bootstrap as Clusters).static_resources.clusters[0]!.circuit_breakers = { thresholds: [limits] };
  plane = await startDataPlane(bootstrap);
  return `http://127.0.0.1:${plane.ports.test}/`;
}

function statusOf(client: ClientHttp2Session): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = client.request({ ':path': '/' });
    request.on('response', (headers) => resolve(Number(headers[':status'])));
    request.on('error', reject);
    request.resume();
  });
}

async function statuses(url: string, count: number): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => fetch(url)));
  return answers.map(({ status }) => status).toSorted();
}

test('a request waits for the first connection while others may not, and many go once it is there', async () => {
  const url = await start({ max_pending_requests: 1 });
  // One client connection, so that the requests are read at once.
  const client = connect(url);
  const first = await Promise.all(Array.from({ length: 3 }, () => statusOf(client)));
  expect(first.toSorted()).toEqual([200, 503, 503]);
  const then = await Promise.all(Array.from({ length: 10 }, () => statusOf(client)));
  expect(then).toEqual(Array(10).fill(200));
  client.destroy();
});

test('a connection that fails lets the next request wait', async () => {
  const url = await start({ max_pending_requests: 1 });
  expect(await statuses(url, 1)).toEqual([200]);
  for (const session of sessions) session.destroy();
  await expect.poll(() => statuses(url, 1)).toEqual([200]);
});

test('a retry that is over makes room for the next', async () => {
  const url = await start({ max_retries: 1 });
  for (let i = 0; i < 5; i++) {
    refusals = 1;
    expect(await statuses(url, 1)).toEqual([200]);
  }
});

test('a request that is over makes room for the next', async () => {
  const url = await start({ max_requests: 1 });
  for (let i = 0; i < 5; i++) expect(await statuses(url, 1)).toEqual([200]);
});

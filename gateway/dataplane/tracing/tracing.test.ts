import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveOtlpGrpc } from '../../../deploy/local/traces/otlp-grpc.ts';
import type { Span } from '../../../deploy/local/traces/span.ts';
import { type DataPlane, startDataPlane } from '../start-data-plane.ts';
import { filter, testBootstrap } from '../testing/test-bootstrap.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
const sampled = `00-${trace}-${parent}-01`;

let spans: Span[];
let seen: { traceparent: string | undefined; requestId: string }[];
/** What the upstream answers with, one after the other; then 200. */
let answers: { readonly status: number; readonly grpcStatus?: string }[];
const closers: (() => unknown)[] = [];

beforeEach(() => {
  spans = [];
  seen = [];
  answers = [];
});

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Options {
  readonly tracing?: object;
  readonly collector?: number;
  readonly log?: (severity: string, message: string) => void;
}

async function start({ tracing = {}, collector, log = () => {} }: Options = {}): Promise<{ plane: DataPlane; url: string }> {
  const server = createServer(({ headers }, response) => {
    seen.push({ traceparent: headers.traceparent as string | undefined, requestId: String(headers['x-request-id']) });
    const { status, grpcStatus } = answers.shift() ?? { status: 200 };
    response.writeHead(status, grpcStatus === undefined ? {} : { 'grpc-status': grpcStatus }).end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const receiver = await serveOtlpGrpc(0, (received) => spans.push(...received));
  closers.push(() => receiver.close());
  const bootstrap = testBootstrap({
    clusters: { collector: collector ?? receiver.port },
    http1Clusters: { orders: (server.address() as AddressInfo).port },
    filters: [
      filter('envoy.extensions.filters.http.health_check.v3.HealthCheck', {
        pass_through_mode: false,
        headers: [{ name: ':path', string_match: { exact: '/health' } }],
      }),
    ],
    routes: [
      { match: { path: '/down' }, route: { cluster: 'down' } },
      { match: { path: '/nowhere' }, direct_response: { status: 404 } },
      {
        match: { prefix: '/' },
        route: { cluster: 'orders', retry_policy: { retry_on: '5xx', num_retries: 1, retry_back_off: { base_interval: '0.001s' } } },
      },
    ],
    manager: {
      tracing: {
        spawn_upstream_span: true,
        ...tracing,
        provider: {
          name: 'envoy.tracers.opentelemetry',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig',
            grpc_service: { envoy_grpc: { cluster_name: 'collector' }, timeout: '1s' },
            service_name: 'lab-gateway',
          },
        },
      },
    },
  });
  const plane = await startDataPlane(bootstrap, { accessLog: () => {}, log });
  closers.push(() => plane.close());
  return { plane, url: `http://127.0.0.1:${plane.ports.test}` };
}

const get = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers }).then((response) => response.text());
/** What was exported, whole. */
async function exported(plane: DataPlane): Promise<Span[]> {
  await plane.drain(1_000);
  return spans.toSorted((a, b) => b.kind.localeCompare(a.kind));
}

test('a sampled request has a span of the gateway and one of its attempt, whose id goes upstream', async () => {
  const { plane, url } = await start();
  await get(`${url}/v1/orders/7?name=Hana`, { traceparent: sampled, 'user-agent': 'somebody' });
  const [server, client] = await exported(plane);
  expect(server).toMatchObject({ trace, parent, service: 'lab-gateway', kind: 'server', name: 'ingress', failed: false });
  expect(client).toMatchObject({ trace, parent: server!.id, kind: 'client', name: 'router orders egress', failed: false });
  expect(seen[0]!.traceparent).toBe(`00-${trace}-${client!.id}-01`);
  expect(server!.attributes).toEqual({
    component: 'proxy',
    'guid:x-request-id': seen[0]!.requestId,
    'http.url': `http://127.0.0.1:${plane.ports.test}/v1/orders/7`,
    'http.method': 'GET',
    'http.protocol': 'HTTP/1.1',
    'http.status_code': '200',
    downstream_cluster: '-',
    upstream_cluster: 'orders',
    'upstream_cluster.name': 'orders',
    request_size: '0',
    response_size: '2',
    response_flags: '-',
  });
  expect(client!.attributes).toMatchObject({ component: 'proxy', upstream_cluster: 'orders', 'http.status_code': '200' });
  expect(client!.attributes.upstream_address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(server!.startUs).toBeLessThanOrEqual(client!.startUs);
  expect(client!.endUs).toBeLessThanOrEqual(server!.endUs);
});

test('a caller that does not sample is followed: the context goes on, and no span is made', async () => {
  const { plane, url } = await start();
  await get(url, { traceparent: `00-${trace}-${parent}-00` });
  expect(await exported(plane)).toEqual([]);
  expect(seen[0]!.traceparent).toMatch(new RegExp(`^00-${trace}-(?!${parent})[0-9a-f]{16}-00$`));
});

test('without a caller’s context the request id decides, and says so', async () => {
  const { plane, url } = await start({ tracing: { spawn_upstream_span: true, random_sampling: { value: 50 } } });
  for (let i = 0; i < 40; i++) await get(url);
  const traced = await exported(plane);
  const drawn = seen.map(({ requestId }) => Number.parseInt(requestId.slice(0, 8), 16) % 10_000 < 5_000);
  expect(seen.map(({ requestId }) => requestId[14] === '9')).toEqual(drawn);
  expect(seen.map(({ traceparent }) => traceparent!.endsWith('-01'))).toEqual(drawn);
  const roots = traced.filter(({ kind }) => kind === 'server');
  expect(roots).toHaveLength(drawn.filter(Boolean).length);
  expect(roots.every((span) => span.parent === undefined)).toBe(true);
});

test('overall sampling is the limit of what the gateway decides', async () => {
  const { plane, url } = await start({ tracing: { overall_sampling: { value: 0 } } });
  await get(url);
  expect(await exported(plane)).toEqual([]);
  expect(seen[0]!.traceparent).toMatch(/-00$/);
});

test('without spans of attempts the gateway’s own goes upstream', async () => {
  const { plane, url } = await start({ tracing: { spawn_upstream_span: false } });
  await get(url, { traceparent: sampled });
  const all = await exported(plane);
  expect(all.map(({ kind }) => kind)).toEqual(['server']);
  expect(seen[0]!.traceparent).toBe(`00-${trace}-${all[0]!.id}-01`);
});

test('a malformed context is passed on as it is, untraced', async () => {
  const { plane, url } = await start();
  for (const traceparent of ['00-zz', `00-${'0'.repeat(32)}-${parent}-01`, `00-${trace}-${'0'.repeat(16)}-01`]) {
    await get(url, { traceparent });
    expect(seen.at(-1)!.traceparent).toBe(traceparent);
  }
  expect(await exported(plane)).toEqual([]);
});

test('each attempt has a span: a retry says which it is, and a failed one that it failed', async () => {
  const { plane, url } = await start();
  answers = [{ status: 503 }];
  await get(url, { traceparent: sampled });
  const clients = (await exported(plane)).filter(({ kind }) => kind === 'client');
  expect(clients.map(({ attributes }) => [attributes['http.status_code'], attributes['retry.count'], attributes.error])).toEqual([
    ['503', undefined, 'true'],
    ['200', '1', undefined],
  ]);
  expect(clients.map(({ failed }) => failed)).toEqual([true, false]);
  expect(seen.map(({ traceparent }) => traceparent)).toEqual(clients.map(({ id }) => `00-${trace}-${id}-01`));
});

test.each([
  // Whose error it is: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#status, and `error` by Envoy's own list.
  { grpcStatus: '0', server: false, client: false, error: undefined },
  { grpcStatus: '5', server: false, client: true, error: undefined },
  { grpcStatus: '8', server: false, client: true, error: 'true' },
  { grpcStatus: '14', server: true, client: true, error: 'true' },
])('gRPC status $grpcStatus', async ({ grpcStatus, server, client, error }) => {
  const { plane, url } = await start();
  answers = [{ status: 200, grpcStatus }];
  await get(url, { traceparent: sampled });
  const all = await exported(plane);
  expect(all.map(({ attributes }) => attributes['grpc.status_code'])).toEqual([grpcStatus, grpcStatus]);
  expect(all.map(({ failed }) => failed)).toEqual([server, client]);
  expect(all.map(({ attributes }) => attributes.error)).toEqual([error, error]);
});

test('an upstream that cannot be reached, and an answer of the gateway itself', async () => {
  const { plane, url } = await start();
  await get(`${url}/down`, { traceparent: sampled });
  await get(`${url}/nowhere`, { traceparent: sampled });
  const all = await exported(plane);
  expect(all.map(({ name, failed, attributes: a }) => [name, failed, a['http.status_code'], a.response_flags, a['error.reason']])).toEqual([
    ['ingress', true, '503', 'UF', undefined],
    ['ingress', false, '404', '-', undefined],
    ['router down egress', false, '0', '-', 'remote connection failure'],
  ]);
});

test('health checks leave no span', async () => {
  const { plane, url } = await start();
  await get(`${url}/health`, { traceparent: sampled });
  expect(await exported(plane)).toEqual([]);
});

test('a collector that is away delays nobody, and is told of once', async () => {
  const warnings: string[] = [];
  const { plane, url } = await start({ collector: 1, log: (severity, message) => severity === 'WARNING' && warnings.push(message) });
  expect(await get(url, { traceparent: sampled })).toBe('ok');
  await plane.drain(1_000);
  expect(warnings).toEqual(['spans are lost: the collector does not take them']);
});

test('a start without the collector’s cluster says where', async () => {
  const provider = {
    name: 'envoy.tracers.opentelemetry',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig',
      grpc_service: { envoy_grpc: { cluster_name: 'otel' }, timeout: '1s' },
    },
  };
  const bootstrap = testBootstrap({ routes: [], manager: { tracing: { provider } } });
  await expect(startDataPlane(bootstrap)).rejects.toThrow(
    /tracing\.provider\.typed_config\.grpc_service\.envoy_grpc\.cluster_name: there is no cluster otel/,
  );
});

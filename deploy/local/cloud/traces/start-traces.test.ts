import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRunStore, type RunStore } from './run-store.ts';
import type { Span } from './span.ts';
import { openSpanStore } from './span-store.ts';
import { startTraces } from './start-traces.ts';

let stateDir: string;
let runs: RunStore;
let server: Awaited<ReturnType<typeof startTraces>>;

/** A collector on the state, in a run that began at a time. */
async function start(startedMs: number): Promise<void> {
  runs = openRunStore(stateDir, startedMs);
  server = await startTraces({ port: 0, grpcPort: 0, store: openSpanStore(runs) });
}

async function stop(): Promise<void> {
  await server.close();
  runs.close();
}

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-traces-'));
  await start(1);
});

afterEach(async () => {
  await stop();
  rmSync(stateDir, { recursive: true });
});

const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;

/** Sends spans as a service does. */
async function exporting(service: string, work: (provider: TracerProvider) => void): Promise<void> {
  const exporter = new OTLPTraceExporter({ url: url('/v1/traces') });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  work(provider);
  await provider.shutdown();
}

test('spans of the real exporter are kept as they were sent, also over a restart', async () => {
  await exporting('customer', (provider) => {
    const span = provider.getTracer('t').startSpan('send order-events', {
      kind: SpanKind.PRODUCER,
      startTime: 1_700_000_000_000,
      attributes: { aggregate: 'orders/x', count: 3, replay: true },
      links: [{ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } }],
    });
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(1_700_000_000_250);
  });
  await stop();
  await start(2);
  const { spans } = (await (await fetch(url('/traces/last'))).json()) as { spans: Span[] };
  expect(spans).toEqual([
    {
      trace: expect.stringMatching(/^[0-9a-f]{32}$/),
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      service: 'customer',
      name: 'send order-events',
      kind: 'producer',
      startUs: 1_700_000_000_000_000,
      endUs: 1_700_000_000_250_000,
      failed: true,
      attributes: { aggregate: 'orders/x', count: 3, replay: true },
      links: ['a'.repeat(32)],
    },
  ]);
});

test('traces are listed by who began them, and found by what they mention', async () => {
  await exporting('customer', (provider) => provider.getTracer('t').startSpan('GetOrder').end());
  await exporting('job', (provider) =>
    provider
      .getTracer('t')
      .startSpan('RelayOutbox', { attributes: { aggregate: 'orders/x' } })
      .end(),
  );
  const names = async (path: string) =>
    ((await (await fetch(url(path))).json()) as { traces: { name: string }[] }).traces.map(({ name }) => name);
  expect(await names('/traces')).toEqual(['GetOrder']);
  expect(await names('/traces?mention=orders/x')).toEqual(['RelayOutbox']);
  expect(await names('/traces?mention=orders/y')).toEqual([]);
});

test('a trace is named after the first call of a service, and one that the edge alone has seen after that', () => {
  const store = openSpanStore(runs);
  const at = (startUs: number, service: string, name: string, trace: string) =>
    ({
      trace: trace.repeat(32),
      id: String(startUs),
      parent: undefined,
      service,
      name,
      kind: 'server',
      startUs,
      endUs: 9,
      failed: false,
      attributes: {},
      links: [],
    }) as const;
  store.add([
    at(3, 'kumiko-edge-gateway', 'ingress', 'b'),
    at(1, 'kumiko-edge-gateway', 'ingress', 'a'),
    at(2, 'customer', 'GetOrder', 'a'),
  ]);
  expect(store.latest(10).map(({ service, name }) => [service, name])).toEqual([
    ['kumiko-edge-gateway', 'ingress'],
    ['customer', 'GetOrder'],
  ]);
});

test('what is not OTLP is refused, and an unknown trace is 404', async () => {
  expect((await fetch(url('/v1/traces'), { method: 'POST', body: '{"resourceSpans":[]}' })).status).toBe(400);
  expect((await fetch(url('/traces/abcd'))).status).toBe(404);
  expect((await fetch(url('/traces/last'))).status).toBe(404);
});

test('metrics are taken, and shown by nobody', async () => {
  expect((await fetch(url('/v1/metrics'), { method: 'POST', body: 'metrics' })).status).toBe(200);
});

test('the oldest spans are forgotten', () => {
  const store = openSpanStore(runs, 2);
  const span = {
    parent: undefined,
    service: 's',
    name: 'n',
    kind: 'server',
    startUs: 1,
    endUs: 2,
    failed: false,
    attributes: {},
    links: [],
  } as const;
  for (const id of ['a', 'b', 'c']) store.add([{ ...span, trace: id.repeat(32), id: id.repeat(16) }]);
  expect(store.latest(10).map(({ trace }) => trace[0])).toEqual(expect.arrayContaining(['b', 'c']));
  expect(store.trace('a')).toEqual([]);
});

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, metrics, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTelemetry } from './start-telemetry.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';

let collector: Server;
/** What has come, by path. */
const received: { readonly path: string; readonly body: Buffer }[] = [];
let answer = 200;
let telemetry: Telemetry;

beforeEach(async () => {
  answer = 200;
  received.length = 0;
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url!, body: Buffer.concat(chunks) });
      if (answer > 0) response.writeHead(answer).end();
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
});

afterEach(async () => {
  collector.closeAllConnections();
  collector.close();
  await telemetry.shutdown();
  trace.disable();
  metrics.disable();
  context.disable();
});

async function start(options: Partial<TelemetryOptions> = {}): Promise<void> {
  telemetry = await startTelemetry({
    service: 'customer',
    endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`,
    delayMs: 30,
    metricIntervalMs: 30,
    sampler: 'parentbased_always_on',
    samplerRatio: 1,
    ...options,
  });
}

// Not by a tracer that lives longer than the provider of one test.
const leaveSpan = (name: string) => trace.getTracer('test').startSpan(name).end();
const count = () => metrics.getMeter('test').createCounter('test.things').add(1);
const has = (path: string, text: string) => received.some((one) => one.path === path && one.body.includes(text));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('what a request waits for has sent its spans and metrics, with the name of the service and of the instance', async () => {
  await start();
  leaveSpan('read');
  count();
  await pause(40);
  await telemetry.flushWhenDue();
  // A busy machine may need longer than a request waits.
  await expect.poll(() => has('/v1/traces', 'read') && has('/v1/metrics', 'test.things')).toBe(true);
  expect(has('/v1/metrics', 'process.memory.usage')).toBe(true);
  for (const path of ['/v1/traces', '/v1/metrics']) {
    for (const text of ['service.name', 'customer', 'service.instance.id']) expect(has(path, text)).toBe(true);
    // Neither where it runs nor as whom.
    for (const text of ['host.name', 'process.owner', 'process.command']) expect(has(path, text)).toBe(false);
  }
});

test('nobody waits where nothing is due', async () => {
  await start({ delayMs: 60_000, metricIntervalMs: 60_000 });
  leaveSpan('read');
  expect(telemetry.flushWhenDue()).toBeUndefined();
  expect(received).toEqual([]);
});

test('a collector that refuses or says nothing costs a request its limit, and nothing fails', async () => {
  await start();
  for (const how of [503, 400, 0]) {
    answer = how;
    leaveSpan('read');
    await pause(40);
    // An export is given up after a second. Of two timers the one that is due first comes first, however late both are.
    const flushed = Promise.resolve(telemetry.flushWhenDue()).then(() => 'flushed');
    expect(await Promise.race([flushed, pause(900)])).toBe('flushed');
  }
});

test('what is left is sent at the end', async () => {
  await start({ delayMs: 60_000, metricIntervalMs: 60_000 });
  leaveSpan('last');
  count();
  await telemetry.shutdown();
  expect(has('/v1/traces', 'last')).toBe(true);
  expect(has('/v1/metrics', 'test.things')).toBe(true);
});

test('metrics that are sent at the end keep their distance from those before', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await start({ metricIntervalMs: 60_000 });
  count();
  vi.setSystemTime(Date.now() + 60_000);
  await telemetry.flushWhenDue();
  vi.useRealTimers();
  await expect.poll(() => has('/v1/metrics', 'test.things')).toBe(true);
  await telemetry.shutdown();
  expect(received.filter(({ path }) => path === '/v1/metrics')).toHaveLength(1);
});

test('without an endpoint there is the context and nothing else', async () => {
  await start({ endpoint: undefined });
  leaveSpan('read');
  count();
  const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  const seen = await context.with(trace.setSpanContext(context.active(), parent), async () => trace.getActiveSpan()?.spanContext());
  expect(seen).toEqual(parent);
  expect(telemetry.flushWhenDue()).toBeUndefined();
  await telemetry.shutdown();
  expect(received).toEqual([]);
});

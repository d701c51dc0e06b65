import {
  context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TimeInput,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SamplerName } from '../process/config.ts';
import { createSampler } from './sampler.ts';
import { createTracerProvider } from './tracer-provider.ts';

const resource = resourceFromAttributes({ 'service.name': 'test' });
const exporter = new InMemorySpanExporter();
const processor = new SimpleSpanProcessor({ exporter });

function tracerWith(sampler: SamplerName, ratio = 1): Tracer {
  return createTracerProvider({ resource, sampler: createSampler(sampler, ratio), processor }).getTracer('test', '1');
}

const tracer = tracerWith('parentbased_always_on');
const remote = (traceFlags: number) =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags,
    isRemote: true,
  });
const exported = (): ReadableSpan => exporter.getFinishedSpans()[0]!;

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
beforeEach(() => exporter.reset());
afterAll(() => context.disable());

describe('a span', () => {
  test('is exported with all that was said of it', () => {
    const span = tracer.startSpan(
      'read',
      { kind: SpanKind.CLIENT, attributes: { a: 1 }, startTime: new Date(1_700_000_000_123) },
      remote(1),
    );
    span.setAttribute('b', 'two').setAttributes({ a: 3 }).addEvent('retry', { attempt: 2 }, 1_700_000_000_200).updateName('write');
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'lost' });
    span.end(1_700_000_001_623.5);
    expect(exported()).toMatchObject({
      name: 'write',
      kind: SpanKind.CLIENT,
      attributes: { a: 3, b: 'two' },
      parentSpanContext: { spanId: 'b7ad6b7169203331', isRemote: true },
      status: { code: SpanStatusCode.ERROR, message: 'lost' },
      events: [{ name: 'retry', attributes: { attempt: 2 }, time: [1_700_000_000, 200_000_000] }],
      startTime: [1_700_000_000, 123_000_000],
      endTime: [1_700_000_001, 623_500_000],
      duration: [1, 500_500_000],
      resource,
      instrumentationScope: { name: 'test', version: '1' },
    });
    expect(exported().spanContext()).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', traceFlags: 1 });
  });

  test.each<[string, TimeInput]>([
    ['milliseconds since the epoch', 1_700_000_000_000],
    ['seconds and nanoseconds', [1_700_000_000, 0]],
  ])('starts at a time in %s', (_, startTime) => {
    tracer.startSpan('timed', { startTime }).end();
    expect(exported().startTime).toEqual([1_700_000_000, 0]);
  });

  test('takes the time of the monotonic clock, and never ends before it starts', () => {
    const span = tracer.startSpan('timed', { startTime: performance.now() });
    span.end(1_000_000_000_000);
    expect(exported().endTime).toEqual(exported().startTime);
    expect(Math.abs(exported().startTime[0] - Date.now() / 1_000)).toBeLessThan(60);
  });

  test('shares frozen attributes and leaves the others’ owner free to change them', () => {
    const frozen = Object.freeze({ a: 1 });
    tracer.startSpan('shared', { attributes: frozen }).end();
    expect(exported().attributes).toBe(frozen);
    exporter.reset();
    const own = { a: 1 };
    const span = tracer.startSpan('copied', { attributes: own });
    own.a = 2;
    span.end();
    expect(exported().attributes).toEqual({ a: 1 });
  });

  test('that has ended changes no more, and is exported once', () => {
    const span = tracer.startSpan('ended');
    span.end();
    span.setAttribute('late', true).addEvent('late').setStatus({ code: SpanStatusCode.ERROR }).updateName('late').end();
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(exported()).toMatchObject({ name: 'ended', attributes: {}, events: [], status: { code: SpanStatusCode.UNSET } });
  });

  test('keeps what is known of an exception', () => {
    const span = tracer.startSpan('failed');
    span.recordException(new TypeError('no'));
    span.end();
    expect(exported().events).toMatchObject([
      { name: 'exception', attributes: { 'exception.type': 'TypeError', 'exception.message': 'no' } },
    ]);
  });

  test('keeps a bounded number of events', () => {
    const span = tracer.startSpan('long');
    for (let i = 0; i < 200; i++) span.addEvent('tick');
    span.end();
    expect(exported()).toMatchObject({ events: { length: 128 }, droppedEventsCount: 72 });
  });
});

describe('parents', () => {
  test('are the spans that are active', () => {
    tracer.startActiveSpan('outer', (outer) => {
      tracer.startSpan('inner').end();
      expect(exported().parentSpanContext).toBe(outer.spanContext());
      expect(exported().spanContext().traceId).toBe(outer.spanContext().traceId);
      outer.end();
    });
  });

  test('are left aside where a new trace is asked for', () => {
    tracer.startSpan('root', { root: true }, remote(1)).end();
    expect(exported().parentSpanContext).toBeUndefined();
    expect(exported().spanContext().traceId).not.toBe('0af7651916cd43dd8448eb211c80319c');
  });
});

test('a parent that is no valid one counts as none', () => {
  tracer.startSpan('root', {}, trace.setSpanContext(ROOT_CONTEXT, INVALID_SPAN_CONTEXT)).end();
  expect(exported().parentSpanContext).toBeUndefined();
  expect(exported().spanContext().traceId).not.toBe(INVALID_SPAN_CONTEXT.traceId);
});

describe('samplers', () => {
  test.each<[SamplerName, number, number, boolean]>([
    ['always_on', 1, 0, true],
    ['always_off', 1, 1, false],
    ['traceidratio', 0, 1, false],
    ['traceidratio', 1, 0, true],
    ['parentbased_always_on', 1, 0, false],
    ['parentbased_always_off', 1, 1, true],
    ['parentbased_traceidratio', 0, 1, true],
  ])('%s with %d and a parent of flags %d: recorded %s', (name, ratio, flags, recorded) => {
    const span = tracerWith(name, ratio).startSpan('sampled', {}, remote(flags));
    span.end();
    expect(span.isRecording() || exporter.getFinishedSpans().length > 0).toBe(recorded);
    // The trace goes on either way, for whoever is called.
    expect(span.spanContext()).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', traceFlags: recorded ? 1 : 0 });
  });

  test('decide alone where no parent is', () => {
    tracerWith('parentbased_always_off').startSpan('root').end();
    tracerWith('parentbased_traceidratio', 0).startSpan('root').end();
    expect(exporter.getFinishedSpans()).toEqual([]);
    tracerWith('parentbased_always_on').startSpan('root').end();
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });
});

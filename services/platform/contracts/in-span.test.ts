import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { inSpan, linkWith } from './in-span.ts';
import { activeTraceparent, unsampled } from './traceparent.ts';

const exporter = new InMemorySpanExporter();
const origin = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const internal = { kind: SpanKind.INTERNAL, attributes: {} };

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});
beforeEach(() => exporter.reset());
afterAll(() => {
  trace.disable();
  context.disable();
});

const finished = () => exporter.getFinishedSpans();

test('work inside of work is a child, and knows its own context', async () => {
  let seen: string | undefined;
  await inSpan('outer', internal, () =>
    inSpan('inner', internal, async () => {
      seen = activeTraceparent();
    }),
  );
  const [inner, outer] = finished();
  expect(inner!.parentSpanContext?.spanId).toBe(outer!.spanContext().spanId);
  expect(seen).toBe(`00-${outer!.spanContext().traceId}-${inner!.spanContext().spanId}-01`);
});

test('work that carries on another trace belongs to that, and is linked with what runs now', async () => {
  await inSpan('delivery', internal, () => inSpan('process', { ...internal, continues: origin }, async () => {}));
  const [process, delivery] = finished();
  expect(process!.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(process!.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  expect(process!.links.map((link) => link.context.spanId)).toEqual([delivery!.spanContext().spanId]);
});

test('what is not a trace context is not carried on', async () => {
  await inSpan('delivery', internal, () => inSpan('process', { ...internal, continues: 'forged' }, async () => {}));
  const [process, delivery] = finished();
  expect([process!.spanContext().traceId, process!.links]).toEqual([delivery!.spanContext().traceId, []]);
});

test('a failure is passed on and named by its type, without its message', async () => {
  const failure = Object.assign(new TypeError('Karasuma-dori 3-4'), {});
  await expect(inSpan('work', internal, () => Promise.reject(failure))).rejects.toBe(failure);
  const [span] = finished();
  expect([span!.status, span!.attributes, span!.events]).toEqual([{ code: SpanStatusCode.ERROR }, { 'error.type': 'TypeError' }, []]);
});

test('a link is made with another trace only', async () => {
  await inSpan('work', internal, async () => {
    linkWith(origin);
    linkWith(activeTraceparent());
    linkWith(undefined);
  });
  expect(finished()[0]!.links.map((link) => link.context.traceId)).toEqual(['0af7651916cd43dd8448eb211c80319c']);
});

test('unsampled work stays in its trace and leaves no spans', async () => {
  let seen: string | undefined;
  await inSpan('stream', internal, () =>
    unsampled(() =>
      inSpan('poll', internal, async () => {
        seen = activeTraceparent();
      }),
    ),
  );
  const [stream, ...others] = finished();
  expect([stream!.name, others]).toEqual(['stream', []]);
  expect(seen).toMatch(new RegExp(`^00-${stream!.spanContext().traceId}-[0-9a-f]{16}-00$`));
});

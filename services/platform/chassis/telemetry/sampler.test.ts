import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeEach, expect, test } from 'vitest';
import type { SamplerName } from '../process/config.ts';
import { createSampler } from './sampler.ts';

const exporter = new InMemorySpanExporter();
beforeEach(() => exporter.reset());

const tracerWith = (sampler: SamplerName, ratio = 1) =>
  new TracerProvider({ sampler: createSampler(sampler, ratio), spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer('test');

const remote = (traceFlags: number) =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags,
    isRemote: true,
  });

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
  expect(exporter.getFinishedSpans()).toHaveLength(recorded ? 1 : 0);
  // The trace goes on either way, for whoever is called.
  expect(span.spanContext()).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', traceFlags: recorded ? 1 : 0 });
});

test('samplers decide alone where no parent is', () => {
  tracerWith('parentbased_always_off').startSpan('root').end();
  tracerWith('parentbased_traceidratio', 0).startSpan('root').end();
  expect(exporter.getFinishedSpans()).toEqual([]);
  tracerWith('parentbased_always_on').startSpan('root').end();
  expect(exporter.getFinishedSpans()).toHaveLength(1);
});

import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { createSampler } from '../chassis/telemetry/sampler.ts';
import { createTracerProvider } from '../chassis/telemetry/tracer-provider.ts';

/** The spans that this process has ended. */
export interface SpanRecorder {
  spans(): readonly ReadableSpan[];
  reset(): void;
  close(): void;
}

/** Records spans as a service makes them: with the chassis' own provider and context, sampled by their parents. */
export function recordSpans(): SpanRecorder {
  const exporter = new InMemorySpanExporter();
  const resource = resourceFromAttributes({ 'service.name': 'test' });
  const processor = new SimpleSpanProcessor({ exporter });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(createTracerProvider({ resource, sampler: createSampler('parentbased_always_on', 1), processor }));
  return {
    spans: () => exporter.getFinishedSpans(),
    reset: () => exporter.reset(),
    close: () => {
      trace.disable();
      context.disable();
    },
  };
}

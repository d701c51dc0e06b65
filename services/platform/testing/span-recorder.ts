import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createSampler } from '../chassis/telemetry/sampler.ts';

/** The spans that this process has ended. */
export interface SpanRecorder {
  spans(): readonly ReadableSpan[];
  reset(): void;
  close(): void;
}

/** Records spans as a service makes them, sampled by their parents. */
export function recordSpans(): SpanRecorder {
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const sampler = createSampler('parentbased_always_on', 1);
  trace.setGlobalTracerProvider(new TracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  return {
    spans: () => exporter.getFinishedSpans(),
    reset: () => exporter.reset(),
    close: () => {
      trace.disable();
      context.disable();
    },
  };
}

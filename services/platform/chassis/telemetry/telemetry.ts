import { context, trace } from '@opentelemetry/api';
import type { SamplerName } from '../process/config.ts';
import { within } from '../process/within.ts';

/** The OpenTelemetry SDK as the chassis sees it. */
export interface Telemetry {
  /** Sends the spans so far where that was not done for a while; undefined where there is nothing to wait for. Never fails, never takes long. */
  flushWhenDue(): Promise<void> | undefined;
  /** Sends what is left. Never fails. */
  shutdown(): Promise<void>;
}

/** What is exported, and to whom. */
interface TelemetryOptions {
  /** `service.name`. */
  readonly service: string;
  /** OTLP over HTTP, such as "http://127.0.0.1:4318"; undefined: trace context is passed on, spans are not exported. */
  readonly endpoint: string | undefined;
  /** Spans are kept back no longer than this, in milliseconds. */
  readonly delayMs: number;
  /** Which spans are made. */
  readonly sampler: SamplerName;
  /** The share of traces, from 0 to 1, for the samplers that take one. */
  readonly samplerRatio: number;
}

/** A collector that is slow or down costs a request this much at most. */
const flushWaitMs = 100;

/**
 * Loads the OpenTelemetry SDK, after the port is bound: it is big. Of the SDK only what makes spans and sends them: the package that sets up everything from
 * the environment costs twice the memory and three times the time.
 *
 * Cloud Run takes the CPU away between requests, so a timer alone would keep spans back until the next one: once in `delayMs`, a request waits for the export.
 * What is left then is sent with the next request or before the process ends.
 */
export async function startTelemetry({ service, endpoint, delayMs, sampler, samplerRatio }: TelemetryOptions): Promise<Telemetry> {
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (endpoint === undefined) return { flushWhenDue: () => undefined, shutdown: async () => {} };

  const [{ BatchSpanProcessor }, { resourceFromAttributes }, { otlpExporter }, { createTracerProvider }, { createSampler }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
      import('./otlp-exporter.ts'),
      import('./tracer-provider.ts'),
      import('./sampler.ts'),
    ]);
  const exporter = otlpExporter(`${endpoint.replace(/\/$/, '')}/v1/traces`);
  const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: delayMs });
  // The chassis' own interceptors and the ports make the spans: nothing is patched, so nothing else is loaded.
  const resource = resourceFromAttributes({ 'service.name': service });
  trace.setGlobalTracerProvider(createTracerProvider({ resource, sampler: createSampler(sampler, samplerRatio), processor }));

  let flushedAt = Date.now();
  return {
    flushWhenDue: () => {
      const now = Date.now();
      if (now - flushedAt < delayMs) return undefined;
      flushedAt = now;
      return within(
        flushWaitMs,
        processor.forceFlush().catch(() => {}),
      );
    },
    shutdown: () => processor.shutdown().catch(() => {}),
  };
}

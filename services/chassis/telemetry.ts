import { context } from '@opentelemetry/api';
import { within } from './within.ts';

/** The OpenTelemetry SDK as the chassis sees it. */
export interface Telemetry {
  /** Sends the spans so far where that was not done for a while; undefined where there is nothing to wait for. Never fails, never takes long. */
  flushWhenDue(): Promise<void> | undefined;
  /** Sends what is left. Never fails. */
  shutdown(): Promise<void>;
}

/** What is exported, and to whom. */
export interface TelemetryOptions {
  /** `service.name`. */
  readonly service: string;
  /** OTLP over HTTP, such as "http://127.0.0.1:4318"; undefined: trace context is passed on, spans are not exported. */
  readonly endpoint: string | undefined;
}

/**
 * Cloud Run takes the CPU away between requests, so a timer alone would keep spans back until the next one: at most this often, a request waits for the
 * export. What is left then is sent with the next request or before the process ends.
 */
const flushIntervalMs = 5_000;
/** A collector that is slow or down costs a request this much at most. */
const flushWaitMs = 100;

/** Loads the OpenTelemetry SDK. It is big: call it after the port is bound. */
export async function startTelemetry({ service, endpoint }: TelemetryOptions): Promise<Telemetry> {
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const contextManager = new AsyncLocalStorageContextManager().enable();
  if (endpoint === undefined) {
    context.setGlobalContextManager(contextManager);
    return { flushWhenDue: () => undefined, shutdown: async () => {} };
  }

  const [{ NodeSDK, tracing }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const processor = new tracing.BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: 1_000 }));
  // The chassis' own interceptors make the spans: nothing is patched, so nothing else is loaded.
  const sdk = new NodeSDK({
    serviceName: service,
    contextManager,
    spanProcessors: [processor],
    instrumentations: [],
    autoDetectResources: false,
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();

  let flushedAt = Date.now();
  return {
    flushWhenDue: () => {
      const now = Date.now();
      if (now - flushedAt < flushIntervalMs) return undefined;
      flushedAt = now;
      return within(
        flushWaitMs,
        processor.forceFlush().catch(() => {}),
      );
    },
    shutdown: () => sdk.shutdown().catch(() => {}),
  };
}

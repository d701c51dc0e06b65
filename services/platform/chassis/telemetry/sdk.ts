import type { ContextManager } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { envDetector, type ResourceDetector, serviceInstanceIdDetector } from '@opentelemetry/resources';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { within } from '../process/within.ts';
import { PacedMetricExporter } from './paced-metric-exporter.ts';
import { observeProcess } from './process-metrics.ts';
import { createSampler } from './sampler.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';

/** A collector that is slow or down costs a request this much at most. */
const flushWaitMs = 100;

/** The longest time of a timer. */
const neverMs = 2 ** 31 - 1;

/** The longest that an export may take, its repetitions included. */
const exportTimeoutMs = 1_000;

/** The longest that exports wait for what the metadata server says of the instance. It answers within milliseconds. */
const metadataWaitMs = 2_000;

/** What the SDK is started with. */
interface SdkOptions extends TelemetryOptions {
  readonly endpoint: string;
  readonly contextManager: ContextManager;
}

/**
 * Starts OpenTelemetry's SDK. Nothing is patched: the chassis' interceptors and the ports make spans and metrics through the API.
 *
 * Cloud Run takes the CPU away between requests, so a timer alone would keep spans and metrics back until the next one: once in their interval, a request waits
 * for the export. What is left then is sent with the next request or before the process ends.
 */
export async function startSdk(options: SdkOptions): Promise<Telemetry> {
  const { service, delayMs, metricIntervalMs, sampler, samplerRatio, contextManager } = options;
  const endpoint = options.endpoint.replace(/\/$/, '');
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: exportTimeoutMs }),
    scheduledDelayMillis: delayMs,
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: new PacedMetricExporter({ url: `${endpoint}/v1/metrics`, timeoutMillis: exportTimeoutMs }, metricIntervalMs),
    // Its timer would not know of the exports that requests have waited for: this one does.
    exportIntervalMillis: neverMs,
    exportTimeoutMillis: exportTimeoutMs,
  });
  const sdk = new NodeSDK({
    serviceName: service,
    // Those that the SDK takes unasked tell the command line and who runs it.
    resourceDetectors: [envDetector, serviceInstanceIdDetector, ...(await cloudRunDetector())],
    sampler: createSampler(sampler, samplerRatio),
    spanProcessors: [processor],
    metricReaders: [reader],
    // The log goes to standard output, which Cloud Logging reads.
    logRecordProcessors: [],
    // `traceparent` is read and written where calls and messages are: one of ours, and Google's older header beside it.
    textMapPropagator: null,
    contextManager,
  });
  sdk.start();
  const stopObserving = observeProcess();

  const exports = [
    { everyMs: delayMs, at: Date.now(), flush: () => processor.forceFlush() },
    { everyMs: metricIntervalMs, at: Date.now(), flush: () => reader.forceFlush() },
  ];
  const nextExport = () => Math.min(...exports.map(({ at, everyMs }) => at + everyMs));
  let next = nextExport();
  const flushWhenDue = () => {
    const now = Date.now();
    if (now < next) return undefined;
    const due = exports.filter(({ at, everyMs }) => now >= at + everyMs);
    for (const each of due) each.at = now;
    next = nextExport();
    return within(flushWaitMs, Promise.all(due.map(({ flush }) => flush().catch(() => {})))).then(() => {});
  };
  // For streams, which are calls that do not end.
  const timer = setInterval(flushWhenDue, metricIntervalMs).unref();
  return {
    dropsWithParent: sampler.startsWith('parentbased_'),
    flushWhenDue,
    shutdown: async () => {
      clearInterval(timer);
      stopObserving();
      await sdk.shutdown().catch(() => {});
    },
  };
}

/**
 * Google's detector, on Cloud Run only (https://docs.cloud.google.com/run/docs/container-contract#services-env-vars): elsewhere it would wait for a metadata
 * server. There it waits without an end where the server says nothing, and every export with it: what is not known in time is left out.
 */
async function cloudRunDetector(): Promise<ResourceDetector[]> {
  if (process.env['K_SERVICE'] === undefined) return [];
  const { gcpDetector } = await import('@opentelemetry/resource-detector-gcp');
  const detect = () => {
    const { attributes = {} } = gcpDetector.detect();
    const inTime = Object.entries(attributes).map(([name, value]) => [name, within(metadataWaitMs, Promise.resolve(value))]);
    return { attributes: Object.fromEntries(inTime) };
  };
  return [{ detect }];
}

import type { SamplerName } from '../process/config.ts';

/** The OpenTelemetry SDK as the chassis sees it. */
export interface Telemetry {
  /** Whether a call of a trace that its caller does not keep leaves no span for certain: so it is with every sampler that follows the parent. */
  readonly dropsWithParent: boolean;
  /** Sends the spans and metrics so far where that was not done for a while; undefined where there is nothing to wait for. Never fails, never takes long. */
  flushWhenDue(): Promise<void> | undefined;
  /** Sends what is left. Never fails. */
  shutdown(): Promise<void>;
}

/** What is exported, and to whom. */
export interface TelemetryOptions {
  /** `service.name`. */
  readonly service: string;
  /** OTLP over HTTP, such as "http://127.0.0.1:4318"; undefined: trace context is passed on, nothing is exported. */
  readonly endpoint: string | undefined;
  /** Spans are kept back no longer than this, in milliseconds. */
  readonly delayMs: number;
  /** Between two exports of metrics, in milliseconds. */
  readonly metricIntervalMs: number;
  /** Which spans are made. */
  readonly sampler: SamplerName;
  /** The share of traces, from 0 to 1, for the samplers that take one. */
  readonly samplerRatio: number;
}

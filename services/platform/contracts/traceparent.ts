import { context, isSpanContextValid, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';

// Version ff and ids of zeros alone are not valid.
const pattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

const zero = /^0+$/;

/** Reads a W3C `traceparent` header; undefined where there is none or it is not valid (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function parseTraceparent(header: string | undefined): SpanContext | undefined {
  if (header === undefined || !pattern.test(header)) return undefined;
  return {
    traceId: header.slice(3, 35),
    spanId: header.slice(36, 52),
    traceFlags: Number.parseInt(header.slice(53, 55), 16),
    isRemote: true,
  };
}

const cloudPattern = /^([0-9a-f]{32})\/(\d{1,20})(?:;o=([01]))?$/;

/**
 * Reads Google's older header, TRACE/SPAN;o=SAMPLED with a decimal span id; undefined where there is none or it is not valid
 * (https://docs.cloud.google.com/trace/docs/trace-context#legacy-http-header).
 */
export function parseCloudTraceContext(header: string | undefined): SpanContext | undefined {
  const [, traceId, span, sampled] = cloudPattern.exec(header ?? '') ?? [];
  if (traceId === undefined || span === undefined) return undefined;
  const spanId = BigInt(span).toString(16).padStart(16, '0');
  if (zero.test(traceId) || zero.test(spanId) || spanId.length > 16) return undefined;
  return { traceId, spanId, traceFlags: sampled === '1' ? 1 : 0, isRemote: true };
}

/** Writes a W3C `traceparent` header of version 00. */
export function formatTraceparent(context: SpanContext): string {
  return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
}

/** The `traceparent` of the span that is active here; undefined where none is. */
export function activeTraceparent(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context !== undefined && isSpanContextValid(context) ? formatTraceparent(context) : undefined;
}

/** Runs `work` in the trace that is active here, but has it leave no spans. */
export function unsampled<T>(work: () => T): T {
  const active = context.active();
  const here = trace.getSpanContext(active);
  if (here === undefined) return work();
  return context.with(trace.setSpanContext(active, { ...here, traceFlags: here.traceFlags & ~TraceFlags.SAMPLED }), work);
}

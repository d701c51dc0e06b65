import { isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api';

const pattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

const zero = /^0+$/;

/** Reads a W3C `traceparent` header; undefined where there is none or it is not valid (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function parseTraceparent(header: string | undefined): SpanContext | undefined {
  const match = header === undefined || header.startsWith('ff') ? null : pattern.exec(header);
  if (match === null) return undefined;
  const [, traceId, spanId, flags] = match as unknown as [string, string, string, string];
  if (zero.test(traceId) || zero.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
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

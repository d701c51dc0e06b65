import { Metadata } from '@grpc/grpc-js';
import {
  context,
  INVALID_TRACEID,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { formatTraceparent, parseCloudTraceContext, parseTraceparent } from '../../contracts/traceparent.ts';
import type { Interceptor } from '../server/served-method.ts';
import { callAttributes, isServerFault } from '../telemetry/call-attributes.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/**
 * A server span for each call, a child of the client's `traceparent`, or of the older `X-Cloud-Trace-Context` where only that came. The answer has it in its own
 * `traceparent`, for whoever asks us about it.
 */
export function tracing(telemetry: Telemetry): Interceptor {
  const tracer = trace.getTracer('kumiko');
  const startSpan = (name: string, parent: SpanContext | undefined, receivedAt: number): Span => {
    if (parent === undefined) return tracer.startSpan(name, optionsOf(receivedAt), ROOT_CONTEXT);
    // Most calls where traces are sampled. The SDK would come to the same, but only after it has made everything that a span is made of.
    if (telemetry.dropsWithParent && (parent.traceFlags & TraceFlags.SAMPLED) === 0) return trace.wrapSpanContext(unrecorded(parent));
    return tracer.startSpan(name, optionsOf(receivedAt), trace.setSpanContext(ROOT_CONTEXT, parent));
  };
  return (next, { fullName }) => {
    const attributesOf = callAttributes(fullName);
    return async (call) => {
      const parent = parseTraceparent(call.header('traceparent')) ?? parseCloudTraceContext(call.header('x-cloud-trace-context'));
      const span = startSpan(fullName, parent, call.incoming.receivedAt);
      const spanContext = span.spanContext();
      if (spanContext.traceId !== INVALID_TRACEID) {
        call.spanContext = spanContext;
        call.answerHeaders = new Metadata();
        call.answerHeaders.set('traceparent', formatTraceparent(spanContext));
      }
      const outcome = await context.with(trace.setSpan(ROOT_CONTEXT, span), next, undefined, call);
      if (span.isRecording()) {
        span.setAttributes(attributesOf(outcome.code));
        if (call.revision !== undefined) span.setAttribute('kumiko.revision', call.revision);
        if (isServerFault(outcome.code)) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      }
      const flush = telemetry.flushWhenDue();
      if (flush !== undefined) await flush;
      return outcome;
    };
  };
}

const served: SpanOptions = { kind: SpanKind.SERVER };

/** A span whose start is given counts milliseconds only, so it is for calls that have waited until the service was ready. */
function optionsOf(receivedAt: number): SpanOptions {
  return Date.now() - receivedAt > 1 ? { ...served, startTime: receivedAt } : served;
}

/** What a call is known by in a trace that is not kept: by an id of its own all the same, which its log line and the calls that it makes name. */
function unrecorded({ traceId }: SpanContext): SpanContext {
  return { traceId, spanId: newSpanId(), traceFlags: TraceFlags.NONE };
}

const idBytes = Buffer.alloc(8);

/** As likely one that there is already as those of OpenTelemetry's own generator, which are not secret either. */
function newSpanId(): string {
  // From 1: an id of zeros alone is none.
  idBytes.writeUInt32BE(1 + Math.floor(Math.random() * 0xffff_ffff), 0);
  idBytes.writeUInt32BE(Math.floor(Math.random() * 0x1_0000_0000), 4);
  return idBytes.toString('hex');
}

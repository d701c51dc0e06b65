import type { DescMethod } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { type Attributes, context, INVALID_TRACEID, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { parseCloudTraceContext, parseTraceparent } from '../../contracts/traceparent.ts';
import type { Interceptor } from '../server/served-method.ts';
import { SpanOnlyContext } from '../telemetry/span-only-context.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** The codes that are the server's fault (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/). */
const serverFaults = new Set<status>([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** A server span for each call, a child of the client's `traceparent`, or of the older `X-Cloud-Trace-Context` where only that came. */
export function tracing(telemetry: Telemetry): Interceptor {
  const tracer = trace.getTracer('kumiko');
  return (next, { desc, fullName }) => {
    const attributesOf = ofCode(desc);
    return async (call) => {
      const parent = parseTraceparent(call.header('traceparent')) ?? parseCloudTraceContext(call.header('x-cloud-trace-context'));
      const parentContext = parent === undefined ? ROOT_CONTEXT : new SpanOnlyContext(trace.wrapSpanContext(parent));
      const span = tracer.startSpan(fullName, { kind: SpanKind.SERVER, startTime: call.incoming.receivedAt }, parentContext);
      const spanContext = span.spanContext();
      if (spanContext.traceId !== INVALID_TRACEID) call.spanContext = spanContext;
      const outcome = await context.with(new SpanOnlyContext(span), next, undefined, call);
      span.setAttributes(attributesOf(outcome.code));
      if (serverFaults.has(outcome.code)) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      const flush = telemetry.flushWhenDue();
      if (flush !== undefined) await flush;
      return outcome;
    };
  };
}

/** The attributes of a method's spans by how the call ended. Frozen: spans need no copy. */
function ofCode(desc: DescMethod): (code: status) => Attributes {
  const byCode: Attributes[] = [];
  return (code) => {
    byCode[code] ??= Object.freeze({
      'rpc.system': 'grpc',
      'rpc.service': desc.parent.typeName,
      'rpc.method': desc.name,
      'rpc.grpc.status_code': code,
    });
    return byCode[code];
  };
}

import { type Attributes, context, type Link, type Span, type SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { parseTraceparent } from './traceparent.ts';

/** What a span is made of, beside its name. Attributes say ids and names of things, never a person's data. */
interface SpanDescription {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /**
   * The `traceparent` of the work that this one carries on, where that is not what runs now: such as an event's, whose delivery has a trace of its own. The
   * span is linked with what runs now then.
   */
  readonly continues?: string | undefined;
}

const tracer = trace.getTracer('kumiko');

/** Runs `work` in a span that is active for it and ends with it. What is thrown is passed on, and named in `error.type`. */
export async function inSpan<T>(
  name: string,
  { kind, attributes, continues }: SpanDescription,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const active = context.active();
  const origin = parseTraceparent(continues);
  const parent = origin === undefined ? active : trace.setSpanContext(active, origin);
  const span = tracer.startSpan(name, { kind, attributes, links: origin === undefined ? [] : linksTo(origin.traceId) }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work, undefined, span);
  } catch (error) {
    span.setAttribute('error.type', errorType(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** Links the span that is active here with another trace, where it is another one. */
export function linkWith(traceparent: string | undefined): void {
  const other = parseTraceparent(traceparent);
  const span = trace.getActiveSpan();
  if (other !== undefined && span !== undefined && other.traceId !== span.spanContext().traceId) span.addLink({ context: other });
}

/** A link with the span that is active here, unless it belongs to that trace. */
function linksTo(traceId: string): Link[] {
  const here = trace.getActiveSpan()?.spanContext();
  return here === undefined || !trace.isSpanContextValid(here) || here.traceId === traceId ? [] : [{ context: here }];
}

/** Names of classes and kinds of errors only: messages may quote what was sent. */
function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  return 'kind' in error && typeof error.kind === 'string' ? error.kind : error.name;
}

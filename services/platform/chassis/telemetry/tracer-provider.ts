import {
  type Context,
  context as contextApi,
  INVALID_SPANID,
  INVALID_TRACEID,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { RandomIdGenerator, type Sampler, SamplingDecision, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { RecordedSpan, type SpanOrigin } from './recorded-span.ts';

/** What spans are made with. */
interface TracerProviderOptions {
  readonly resource: Resource;
  readonly sampler: Sampler;
  readonly processor: Pick<SpanProcessor, 'onEnd'>;
}

/** The OpenTelemetry API over lean spans: the SDK's own cost a call more than all the rest that the chassis does for it. */
export function createTracerProvider({ resource, sampler, processor }: TracerProviderOptions): TracerProvider {
  const tracers = new Map<string, Tracer>();
  return {
    getTracer: (name, version) => {
      const key = `${name}@${version ?? ''}`;
      let tracer = tracers.get(key);
      if (tracer === undefined) {
        const onEnd: SpanOrigin['onEnd'] = (span) => processor.onEnd(span);
        tracer = new LeanTracer({ resource, instrumentationScope: { name, ...(version !== undefined && { version }) }, onEnd }, sampler);
        tracers.set(key, tracer);
      }
      return tracer;
    },
  };
}

const ids = new RandomIdGenerator();

class LeanTracer implements Tracer {
  readonly #origin: SpanOrigin;
  readonly #sampler: Sampler;

  constructor(origin: SpanOrigin, sampler: Sampler) {
    this.#origin = origin;
    this.#sampler = sampler;
  }

  startSpan(name: string, options: SpanOptions = {}, context: Context = contextApi.active()): Span {
    const parentContext = options.root ? trace.deleteSpan(context) : context;
    const given = trace.getSpanContext(parentContext);
    const parent = given?.traceId === INVALID_TRACEID || given?.spanId === INVALID_SPANID ? undefined : given;
    const { kind = SpanKind.INTERNAL, attributes, links, startTime } = options;
    const traceId = parent?.traceId ?? ids.generateTraceId();
    const {
      decision,
      attributes: sampled,
      traceState = parent?.traceState,
    } = this.#sampler.shouldSample(parent === undefined ? ROOT_CONTEXT : parentContext, traceId, name, kind, attributes ?? {}, links ?? []);
    const traceFlags = decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE;
    const spanContext = { traceId, spanId: ids.generateSpanId(), traceFlags, ...(traceState !== undefined && { traceState }) };
    if (decision === SamplingDecision.NOT_RECORD) return trace.wrapSpanContext(spanContext);
    const span = new RecordedSpan(this.#origin, { name, kind, context: spanContext, parent, attributes, links, startTime });
    if (sampled !== undefined) span.setAttributes(sampled);
    return span;
  }

  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    ...rest: [F] | [SpanOptions, F] | [SpanOptions, Context, F]
  ): ReturnType<F> {
    const work = rest.at(-1) as F;
    const [options, context = contextApi.active()] = rest.slice(0, -1) as [SpanOptions?, Context?];
    const span = this.startSpan(name, options, context);
    return contextApi.with(trace.setSpan(context, span), () => work(span)) as ReturnType<F>;
  }
}

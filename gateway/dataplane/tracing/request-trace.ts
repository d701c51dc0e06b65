import type { Cluster } from '../cluster.ts';
import type { HttpStream } from '../http-stream.ts';
import type { SpanSink } from './span.ts';
import { spanKind } from './span.ts';
import { requestTags, serverFailed } from './span-tags.ts';
import { formatTraceparent, randomId } from './trace-context.ts';
import { UpstreamSpan } from './upstream-span.ts';

/** What a request's trace begins with. */
export interface RequestTraceOptions {
  readonly stream: HttpStream;
  readonly traceId: string;
  /** The client's span. */
  readonly parentId: string | undefined;
  readonly sampled: boolean;
  readonly spansUpstream: boolean;
  readonly maxPathLength: number;
  readonly sink: SpanSink;
}

/** The gateway's part in the trace of one request. One that is not sampled passes the trace's context on, and is nothing else. */
export class RequestTrace {
  readonly traceId: string;
  readonly #options: RequestTraceOptions;
  readonly #spanId: string;
  readonly #traceState: string;
  /** On the clock that never jumps; the stream's own start says when that was. */
  readonly #startedAt: number;

  constructor(options: RequestTraceOptions) {
    this.traceId = options.traceId;
    this.#options = options;
    const { sampled, spansUpstream, parentId, stream } = options;
    // Nine in ten requests are not sampled: they make nothing that only a span needs.
    this.#spanId = sampled || !spansUpstream ? randomId(8) : '';
    this.#startedAt = sampled ? performance.now() : 0;
    this.#traceState = sampled && parentId !== undefined ? (stream.request.getAll('tracestate') ?? '') : '';
  }

  /** Begins an attempt upstream: writes the context into the request's headers. Returns the attempt's span where it is to have one. */
  startAttempt(cluster: Cluster, retries: number): UpstreamSpan | undefined {
    const { stream, sampled, spansUpstream, sink } = this.#options;
    const { traceId } = this;
    const spanId = spansUpstream ? randomId(8) : this.#spanId;
    stream.request.set('traceparent', formatTraceparent({ traceId, spanId, sampled }));
    if (!sampled || !spansUpstream) return undefined;
    return new UpstreamSpan({
      traceId,
      id: spanId,
      parentId: this.#spanId,
      traceState: this.#traceState,
      cluster,
      retries,
      now: () => this.#now(),
      sink,
    });
  }

  /** The stream is over. What the health check filter has answered leaves no span, as in Envoy. */
  finish(): void {
    const { stream, sampled, parentId, maxPathLength, sink } = this.#options;
    if (!sampled || stream.healthCheck) return;
    sink({
      traceId: this.traceId,
      id: this.#spanId,
      parentId,
      traceState: this.#traceState,
      name: 'ingress',
      kind: spanKind.server,
      startMs: stream.startTime,
      endMs: this.#now(),
      tags: requestTags(stream, maxPathLength),
      failed: serverFailed(stream),
    });
  }

  #now(): number {
    return this.#options.stream.startTime + performance.now() - this.#startedAt;
  }
}

import type { Cluster } from '../cluster.ts';
import type { Headers } from '../header-map.ts';
import { type SpanSink, spanKind } from './span.ts';
import { attemptTags, clientFailed } from './span-tags.ts';

/** What the span of an attempt begins with. */
export interface UpstreamSpanOptions {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string;
  readonly traceState: string;
  readonly cluster: Cluster;
  /** Attempts before this one. */
  readonly retries: number;
  /** Milliseconds since the epoch, with a fraction. */
  readonly now: () => number;
  readonly sink: SpanSink;
}

/** How an attempt went, as far as it is known. */
export interface AttemptOutcome {
  readonly status: string | undefined;
  readonly grpcStatus: string | undefined;
  /** Envoy's words for a reset. */
  readonly resetReason: string | undefined;
  /** Given up by the gateway itself. */
  readonly canceled: boolean;
}

/** The span of one attempt to send a request to a cluster. */
export class UpstreamSpan {
  readonly #options: UpstreamSpanOptions;
  readonly #startMs: number;
  #address: string | undefined;
  #status: string | undefined;
  #grpcStatus: string | undefined;
  #resetReason: string | undefined;

  constructor(options: UpstreamSpanOptions) {
    this.#options = options;
    this.#startMs = options.now();
  }

  onHost(address: string): void {
    this.#address = address;
  }

  onHeaders(headers: Headers): void {
    this.#status = headers.get(':status');
    this.#grpcStatus = headers.get('grpc-status');
  }

  onTrailers(trailers: Headers | undefined): void {
    this.#grpcStatus = trailers?.get('grpc-status') ?? this.#grpcStatus;
  }

  /** The upstream has reset the attempt, or was not reached. */
  onReset(reason: string): void {
    this.#resetReason = reason;
    this.#end(false);
  }

  /** The gateway has given the attempt up. */
  cancel(): void {
    this.#end(true);
  }

  /** The response is complete. */
  finish(): void {
    this.#end(false);
  }

  #end(canceled: boolean): void {
    const { traceId, id, parentId, traceState, cluster, retries, now, sink } = this.#options;
    const outcome = { status: this.#status, grpcStatus: this.#grpcStatus, resetReason: this.#resetReason, canceled };
    sink({
      traceId,
      id,
      parentId,
      traceState,
      name: `router ${cluster.name} egress`,
      kind: spanKind.client,
      startMs: this.#startMs,
      endMs: now(),
      tags: attemptTags({ cluster, retries, address: this.#address }, outcome),
      failed: clientFailed(outcome),
    });
  }
}

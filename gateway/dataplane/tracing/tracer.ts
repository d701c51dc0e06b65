import type { TracingConfig } from '../config/tracing-config.ts';
import type { HttpStream } from '../http-stream.ts';
import { RequestTrace } from './request-trace.ts';
import type { SpanExporter } from './span-exporter.ts';
import { parseTraceparent, randomId, type TraceParent } from './trace-context.ts';

/** What a tracer is made of. */
export interface TracerOptions {
  readonly config: TracingConfig;
  /** Whether each attempt upstream has a span of its own. */
  readonly spansUpstream: boolean;
  readonly exporter: SpanExporter;
}

/** How long a request id of Envoy's is; another says nothing about sampling. */
const uuidLength = 36;
/** Where a request id says why it is traced, and what it says: Envoy's UUIDRequestIDExtension. */
const reasonAt = 14;
const reasons = { none: '4', sampled: '9', forced: 'a', client: 'b' } as const;

/** Envoy's tracing of HTTP requests by envoy.tracers.opentelemetry. */
export class Tracer {
  readonly #options: TracerOptions;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /**
   * Decides on a request whose headers are prepared, and begins its span. The decision of `traceparent` is followed; without one the request
   * id decides, which is marked with the outcome. Undefined where `traceparent` is malformed: Envoy traces no such request and passes the header on.
   */
  start(stream: HttpStream): RequestTrace | undefined {
    const drawn = this.#draw(stream);
    const header = stream.request.get('traceparent');
    let parent: TraceParent | undefined;
    if (header !== undefined) {
      parent = parseTraceparent(header);
      if (parent === undefined) return undefined;
    }
    return new RequestTrace({
      stream,
      traceId: parent?.traceId ?? randomId(16),
      parentId: parent?.spanId,
      sampled: parent?.sampled ?? drawn,
      spansUpstream: this.#options.spansUpstream,
      maxPathLength: this.#options.config.max_path_tag_length,
      sink: this.#options.exporter.add,
    });
  }

  /** Sends what waits, and resolves when the collector has it or has failed to take it. */
  flush(): Promise<void> {
    return this.#options.exporter.flush();
  }

  /** Envoy's ConnectionManagerUtility::mutateTracingRequestHeader. */
  #draw(stream: HttpStream): boolean {
    const { requestId: id, request } = stream;
    if (id?.length !== uuidLength) return false;
    const number = Number.parseInt(id.slice(0, 8), 16);
    if (Number.isNaN(number)) return false;
    const lot = number % 10_000;
    const { client_sampling: client, random_sampling: random, overall_sampling: overall } = this.#options.config;
    let reason = id[reasonAt];
    if (reason !== reasons.sampled && reason !== reasons.forced && reason !== reasons.client) {
      if (request.get('x-client-trace-id') !== undefined && Math.random() * 10_000 < client) reason = reasons.client;
      else if (request.get('x-envoy-force-trace') !== undefined) reason = reasons.forced;
      else reason = lot < random ? reasons.sampled : reasons.none;
    }
    if (lot >= overall) reason = reasons.none;
    if (reason !== id[reasonAt]) {
      stream.requestId = id.slice(0, reasonAt) + reason + id.slice(reasonAt + 1);
      request.set('x-request-id', stream.requestId);
    }
    return reason !== reasons.none;
  }
}

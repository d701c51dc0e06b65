import type { Cluster } from '../cluster.ts';
import type { Log } from '../filter-factory.ts';
import { Headers } from '../header-map.ts';
import { type HttpCallResult, httpCall } from '../http-call.ts';
import { encodeExport, encodeSpan } from './encode-span.ts';
import type { Span } from './span.ts';

/** Where spans go. */
export interface SpanExporterOptions {
  readonly cluster: Cluster;
  /** Of one export. */
  readonly timeoutMs: number;
  readonly serviceName: string;
  readonly log: Log;
}

/** Spans wait for others this long: short enough for whoever looks at a trace, and no call for each request. */
const delayMs = 500;
const batchSize = 256;
/** Exports under way; what comes while a collector is that slow is dropped, so that memory is bounded. */
const maxExports = 4;

/** Sends spans to a collector in batches, by OTLP over gRPC. No request waits for it. */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  // Encoded as they come: a whole batch at once would hold up the requests of that moment.
  #batch: Uint8Array[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failing = false;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  readonly add = (span: Span): void => {
    this.#batch.push(encodeSpan(span));
    if (this.#batch.length >= batchSize) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), delayMs).unref();
  };

  /** Sends what waits; resolves when the collector has it all, or has failed to take it. */
  async flush(): Promise<void> {
    if (this.#batch.length > 0) this.#send();
    await Promise.all(this.#underWay);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const spans = this.#batch;
    this.#batch = [];
    if (this.#underWay.size >= maxExports) {
      this.#judge(`${maxExports} exports are under way already`);
      return;
    }
    const call = this.#call(spans).then((error) => {
      this.#underWay.delete(call);
      this.#judge(error);
    });
    this.#underWay.add(call);
  }

  /** Resolves with what went wrong. */
  #call(spans: readonly Uint8Array[]): Promise<string | undefined> {
    const { cluster, timeoutMs, serviceName } = this.#options;
    const message = encodeExport(serviceName, spans);
    const body = Buffer.allocUnsafe(5 + message.length);
    // A gRPC frame: not compressed, and its length.
    body[0] = 0;
    body.writeUInt32BE(message.length, 1);
    body.set(message, 5);
    const headers = new Headers([
      ...[':method', 'POST'],
      ...[':path', '/opentelemetry.proto.collector.trace.v1.TraceService/Export'],
      ...[':authority', cluster.name],
      ...['te', 'trailers'],
      ...['content-type', 'application/grpc'],
      ...['grpc-timeout', `${timeoutMs}m`],
    ]);
    return new Promise((resolve) => {
      const call = httpCall(cluster, { headers, body, timeoutMs }, (result) => resolve(errorOf(result)));
      if (call === undefined) resolve('no host is known');
    });
  }

  // Told once for each outage, not for each batch of it.
  #judge(error: string | undefined): void {
    if (error !== undefined && !this.#failing) {
      this.#options.log('WARNING', 'spans are lost: the collector does not take them', { cluster: this.#options.cluster.name, error });
    }
    this.#failing = error !== undefined;
  }
}

function errorOf({ status, headers, trailers }: HttpCallResult): string | undefined {
  const grpcStatus = trailers?.get('grpc-status') ?? headers?.get('grpc-status');
  return status === 200 && grpcStatus === '0' ? undefined : `HTTP ${status}, grpc-status ${grpcStatus ?? 'missing'}`;
}

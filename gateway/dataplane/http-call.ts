import type { Cluster } from './cluster.ts';
import type { Headers } from './header-map.ts';
import type { ResetReason, UpstreamCallbacks, UpstreamStream } from './upstream.ts';

/** How an HTTP call of the proxy itself ended. Failures are answers too, as in Envoy: 504 for a timeout, 503 for a failed connection. */
export interface HttpCallResult {
  readonly status: number;
  readonly headers: Headers | undefined;
  readonly trailers: Headers | undefined;
  readonly body: Buffer;
}

const none = Buffer.alloc(0);

/** Calls a host of a cluster; `done` is called exactly once and never synchronously. Undefined where no host is known. */
export function httpCall(
  cluster: Cluster,
  request: { headers: Headers; body: Uint8Array; timeoutMs: number },
  done: (result: HttpCallResult) => void,
): { cancel(): void } | undefined {
  const endpoint = cluster.pick();
  if (endpoint === undefined) return undefined;
  const call = new Call(done);
  call.start(request.timeoutMs, cluster.request(endpoint, request.headers, request.body.length === 0, call), request.body);
  return call;
}

class Call implements UpstreamCallbacks {
  #done: ((result: HttpCallResult) => void) | undefined;
  #upstream: UpstreamStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #headers: Headers | undefined;
  readonly #chunks: Buffer[] = [];

  constructor(done: (result: HttpCallResult) => void) {
    this.#done = done;
  }

  start(timeoutMs: number, upstream: UpstreamStream, body: Uint8Array): void {
    this.#upstream = upstream;
    this.#timer = setTimeout(() => {
      this.#upstream?.cancel();
      this.#finish({ status: 504, headers: undefined, trailers: undefined, body: none });
    }, timeoutMs);
    if (body.length > 0) upstream.sendData(Buffer.from(body), true);
  }

  onUpstreamHeaders(headers: Headers, endStream: boolean): void {
    this.#headers = headers;
    if (endStream) this.onUpstreamEnd(undefined);
  }

  onUpstreamData(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
    this.#finish({ status: Number(this.#headers?.get(':status')), headers: this.#headers, trailers, body: Buffer.concat(this.#chunks) });
  }

  onUpstreamReset(reason: ResetReason): void {
    const status = reason === 'reset' && this.#headers !== undefined ? 0 : 503;
    this.#finish({ status, headers: undefined, trailers: undefined, body: none });
  }

  onUpstreamWritable(): void {}

  #finish(result: HttpCallResult): void {
    clearTimeout(this.#timer);
    const done = this.#done;
    this.#done = undefined;
    done?.(result);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#done = undefined;
    this.#upstream?.cancel();
  }
}

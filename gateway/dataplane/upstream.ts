import type { Headers } from './header-map.ts';

/** Why an upstream stream failed, in the words of Envoy's retry policy and of its error bodies. */
export type ResetReason = 'connect-failure' | 'refused-stream' | 'reset' | 'overflow' | 'no-healthy-upstream' | 'connection-timeout';

/** Who hears of an upstream stream. After `onUpstreamEnd` or `onUpstreamReset` there are no calls. */
export interface UpstreamCallbacks {
  onUpstreamHeaders(headers: Headers, endStream: boolean): void;
  onUpstreamData(chunk: Buffer): void;
  onUpstreamEnd(trailers: Headers | undefined): void;
  onUpstreamReset(reason: ResetReason): void;
  /** The upstream takes request data again. */
  onUpstreamWritable(): void;
}

/** One request to an upstream host. */
export interface UpstreamStream {
  /** The host's address, for logs. */
  readonly address: string;
  /** Returns false where the upstream is slow: wait for `onUpstreamWritable`. */
  sendData(chunk: Buffer, endStream: boolean): boolean;
  /** Ends the request with trailers, which HTTP/1.1 upstreams do not get. */
  sendTrailers(trailers: Headers): void;
  /** Stops reading the response: back-pressure. */
  pause(): void;
  resume(): void;
  /** Gives up; there are no callbacks after. */
  cancel(): void;
}

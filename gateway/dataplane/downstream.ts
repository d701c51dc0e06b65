import type { Headers } from './header-map.ts';

/** Who takes a body: one side of a stream. Calls come in order; after `onEnd` or `onReset` there are none. */
export interface BodySink {
  onData(chunk: Buffer): void;
  onEnd(trailers: Headers | undefined): void;
}

/** One request and its response as a codec gives them, HTTP/1.1 and HTTP/2 alike. */
export interface DownstreamStream {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Starts to hand over the request body. Nothing is read before, which is the back-pressure of a request that waits in a filter. */
  readBody(sink: BodySink): void;
  pause(): void;
  resume(): void;
  /** Sends the response's headers, ":status" among them. `trailers` says that trailers may follow. */
  sendHeaders(headers: Headers, endStream: boolean, trailers: boolean): void;
  /** Returns false where the client reads too slowly: wait for `onDownstreamWritable`. */
  sendData(chunk: Buffer, endStream: boolean): boolean;
  /** Ends the response with trailers, which HTTP/1.1 clients do not get, as in Envoy. */
  sendTrailers(trailers: Headers): void;
  /** Ends the stream abruptly. */
  reset(): void;
  /** Set by the stream. An object, not functions: each closure made for a request costs, most of all when its garbage is collected. */
  listener: DownstreamListener | undefined;
}

/** Who hears of a downstream stream. */
export interface DownstreamListener {
  /** The client can take data again. */
  onDownstreamWritable(): void;
  /** The exchange is over; `complete` is false where the client went away before the end. */
  onDownstreamClose(complete: boolean): void;
}

/** What a codec calls for each request. */
export type RequestHandler = (downstream: DownstreamStream, request: Headers, endStream: boolean) => void;

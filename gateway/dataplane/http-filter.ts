import type { Headers } from './header-map.ts';
import type { HttpStream } from './http-stream.ts';

/** 'stop' waits for `continueRequest`, `continueResponse` or a local reply. */
export type FilterStatus = 'continue' | 'stop';

/**
 * One filter of a listener's chain, shared by all its streams; what it needs to remember of a stream it keeps in `stream.state[slot]`.
 * A callback that a filter does not have costs nothing.
 *
 * Requests run through the chain in order, responses in reverse, as in Envoy.
 *
 * @example
 * const tagger: HttpFilter = { name: 'tagger', decodeHeaders: (stream) => { stream.request.set('x-tag', '1'); return 'continue'; } };
 */
export interface HttpFilter {
  readonly name: string;
  decodeHeaders?(stream: HttpStream, endStream: boolean): FilterStatus;
  encodeHeaders?(stream: HttpStream, headers: Headers, endStream: boolean): FilterStatus;
  /** Called only after `stream.interceptData(this, slot)`. Returns what goes on, or undefined where the filter keeps it (and then ends the response by itself). */
  encodeData?(stream: HttpStream, chunk: Buffer, endStream: boolean): Buffer | undefined;
  /** Called only after `stream.interceptData(this, slot)`. */
  encodeTrailers?(stream: HttpStream, trailers: Headers): FilterStatus;
  /** The stream is over, however it ended. */
  onDone?(stream: HttpStream): void;
}

/** The last filter: it has no next. */
export interface TerminalFilter {
  /** All filters let the request through. */
  start(stream: HttpStream): void;
  /** The client takes response data again. */
  onWritable(stream: HttpStream): void;
  /** The stream is over before the upstream's response is. */
  onDone(stream: HttpStream): void;
}

/** What changes a request's body on its way to the upstream. */
export type RequestTransform =
  | {
      readonly kind: 'whole';
      /** Bytes; above, the answer is 413. */
      readonly limit: number;
      /** The body of the 413. */
      readonly tooLarge: string;
      /** The whole body in, the whole body out. @throws LocalReplyError to answer instead. */
      transform(stream: HttpStream, body: Buffer): Buffer;
    }
  | {
      readonly kind: 'stream';
      /** @throws LocalReplyError to answer instead. */
      push(stream: HttpStream, chunk: Buffer): Buffer;
      finish(stream: HttpStream): Buffer;
    };

/** Ends a request with a local reply; thrown where returning one would need a second path. */
export class LocalReplyError extends Error {
  override readonly name = 'LocalReplyError';
  readonly status: number;
  readonly details: string;

  constructor(status: number, body: string, details: string) {
    super(body);
    this.status = status;
    this.details = details;
  }
}

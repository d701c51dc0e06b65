import { constants, type ServerHttp2Stream } from 'node:http2';
import type { BodySink, DownstreamListener, DownstreamStream } from './downstream.ts';
import { Headers } from './header-map.ts';
import { sendTrailers } from './http2-trailers.ts';

const owner = Symbol('downstream');

/**
 * node:http2's stream with what it is to the data plane, until it is closed. Its listeners find that by `this`: a closure for each stream costs more, and
 * node:http2's own garbage keeps old streams for long, with all that they lead to.
 */
interface OwnedStream extends ServerHttp2Stream {
  [owner]?: Http2Downstream | undefined;
}

/** HTTP/2 on node:http2. */
export class Http2Downstream implements DownstreamStream {
  readonly protocol = 'HTTP/2';
  readonly #stream: OwnedStream;
  #sink: BodySink | undefined;
  #hasBeenFull = false;
  #trailers: Headers | undefined;
  #requestTrailers: Headers | undefined;
  listener: DownstreamListener | undefined;

  constructor(stream: OwnedStream) {
    this.#stream = stream;
    stream[owner] = this;
    stream.on('close', onClose);
    stream.on('error', onError);
  }

  closed(): void {
    this.listener?.onDownstreamClose(this.#stream.rstCode === constants.NGHTTP2_NO_ERROR && this.#stream.writableFinished);
  }

  writable(): void {
    this.listener?.onDownstreamWritable();
  }

  received(chunk: Buffer): void {
    this.#sink?.onData(chunk);
  }

  receivedTrailers(raw: string[]): void {
    this.#requestTrailers = new Headers(raw);
  }

  receivedEnd(): void {
    this.#sink?.onEnd(this.#requestTrailers);
  }

  /** The response's data is out. Without trailers an empty DATA frame ends the stream. */
  finish(): void {
    sendTrailers(this.#stream, this.#trailers ?? new Headers());
  }

  get remoteAddress(): string {
    return this.#stream.session?.socket.remoteAddress ?? '';
  }
  get remotePort(): number {
    return this.#stream.session?.socket.remotePort ?? 0;
  }
  get localAddress(): string {
    return this.#stream.session?.socket.localAddress ?? '';
  }
  get localPort(): number {
    return this.#stream.session?.socket.localPort ?? 0;
  }

  readBody(sink: BodySink): void {
    this.#sink = sink;
    this.#stream.on('data', onData);
    this.#stream.on('trailers', onTrailers);
    this.#stream.on('end', onEnd);
  }

  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }

  sendHeaders(headers: Headers, endStream: boolean, trailers: boolean): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    stream.respond(headers.list as never, { endStream, waitForTrailers: trailers && !endStream });
    if (trailers && !endStream) stream.on('wantTrailers', onWantTrailers);
    // A response that is complete before the request is: RFC 9113 8.1 asks the client to stop without an error.
    if (endStream && this.#sink === undefined) stream.resume();
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (this.#stream.destroyed) return true;
    if (!endStream) {
      if (this.#stream.write(chunk)) return true;
      if (!this.#hasBeenFull) this.#stream.on('drain', onDrain);
      this.#hasBeenFull = true;
      return false;
    }
    this.#stream.end(chunk);
    if (this.#sink === undefined) this.#stream.resume();
    return true;
  }

  sendTrailers(trailers: Headers): void {
    if (this.#stream.destroyed) return;
    this.#trailers = trailers;
    this.#stream.end();
  }

  reset(): void {
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

function onClose(this: OwnedStream): void {
  const downstream = this[owner];
  this[owner] = undefined;
  downstream?.closed();
}

// The 'close' that follows tells the stream.
function onError(): void {}

function onDrain(this: OwnedStream): void {
  this[owner]?.writable();
}

function onData(this: OwnedStream, chunk: Buffer): void {
  this[owner]?.received(chunk);
}

function onTrailers(this: OwnedStream, _headers: object, _flags: number, raw: string[]): void {
  this[owner]?.receivedTrailers(raw);
}

function onEnd(this: OwnedStream): void {
  this[owner]?.receivedEnd();
}

function onWantTrailers(this: OwnedStream): void {
  this[owner]?.finish();
}

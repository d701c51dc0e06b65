import { constants, type ServerHttp2Stream } from 'node:http2';
import type { BodySink, DownstreamStream } from './downstream.ts';
import { Headers } from './header-map.ts';
import { sendTrailers } from './http2-trailers.ts';

/** HTTP/2 on node:http2. */
export class Http2Downstream implements DownstreamStream {
  readonly protocol = 'HTTP/2';
  readonly #stream: ServerHttp2Stream;
  #sink: BodySink | undefined;
  #trailers: Headers | undefined;
  #requestTrailers: Headers | undefined;
  onWritable: (() => void) | undefined;
  onClose: ((complete: boolean) => void) | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    stream.on('close', () => this.onClose?.(stream.rstCode === constants.NGHTTP2_NO_ERROR && stream.writableFinished));
    stream.on('drain', () => this.onWritable?.());
    // The 'close' that follows tells the stream.
    stream.on('error', () => {});
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
    this.#stream.on('data', (chunk: Buffer) => this.#sink?.onData(chunk));
    this.#stream.on('trailers', (_headers, _flags, raw: string[]) => {
      this.#requestTrailers = new Headers(raw);
    });
    this.#stream.on('end', () => this.#sink?.onEnd(this.#requestTrailers));
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
    if (trailers && !endStream) {
      stream.on('wantTrailers', () => {
        // Without trailers an empty DATA frame ends the stream.
        sendTrailers(stream, this.#trailers ?? new Headers());
      });
    }
    // A response that is complete before the request is: RFC 9113 8.1 asks the client to stop without an error.
    if (endStream && this.#sink === undefined) stream.resume();
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (this.#stream.destroyed) return true;
    if (!endStream) return this.#stream.write(chunk);
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

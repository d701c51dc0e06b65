import { flag, frameType, maxFrameBytes, maxWindow } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { HpackEncoder } from './hpack-encoder.ts';
import type { SendWindow } from './send-window.ts';

/** A connection that sends under flow control (RFC 9113 section 5.2). */
export interface SendingConnection {
  readonly writer: FrameWriter;
  readonly encoder: HpackEncoder;
  /** What the peer's settings give each stream. */
  readonly initialSendWindow: number;
  readonly sendWindow: SendWindow;
}

/** Who fills a queue. */
export interface SendQueueOwner {
  /** There is room again. */
  onSendable(): void;
}

// Above, whoever produces the body is asked to wait.
const highWaterBytes = 64 * 1024;
const nothing = Buffer.alloc(0);

/** The request body of one stream on its way out. */
export class SendQueue {
  readonly #id: number;
  readonly #connection: SendingConnection;
  readonly #owner: SendQueueOwner;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #window: number;
  /** No more will come. */
  #closing: boolean;
  #trailers: readonly string[] | undefined;
  /** END_STREAM was sent, or nothing is to be sent any more. */
  #done: boolean;
  #told = true;

  constructor(id: number, connection: SendingConnection, endStream: boolean, owner: SendQueueOwner) {
    this.#id = id;
    this.#connection = connection;
    this.#owner = owner;
    this.#window = connection.initialSendWindow;
    this.#closing = endStream;
    this.#done = endStream;
  }

  /** Whether everything was sent. */
  get complete(): boolean {
    return this.#done;
  }

  /** Returns false where the peer is slow. */
  data(chunk: Buffer, endStream: boolean): boolean {
    if (this.#done || this.#closing) return true;
    this.#closing = endStream;
    if (chunk.length > 0) this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#told = true;
    this.pump();
    this.#told = this.#bytes < highWaterBytes;
    return this.#told;
  }

  /** Ends the body with trailers; none end it like data. @throws TypeError for those that HTTP/2 has no form for. */
  trailers(list: readonly string[]): void {
    if (list.length > 0) this.#trailers = list;
    this.data(nothing, true);
  }

  /** Sends what the windows allow. */
  pump(): void {
    while (this.#bytes > 0 && !this.#done) {
      const first = this.#chunks[0]!;
      const allowed = this.#window <= 0 ? 0 : this.#connection.sendWindow.take(Math.min(first.length, maxFrameBytes, this.#window));
      if (allowed === 0) {
        // The stream's own window is opened by name.
        if (this.#window > 0) this.#connection.sendWindow.wait(this);
        return;
      }
      this.#window -= allowed;
      this.#bytes -= allowed;
      if (allowed === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(allowed);
      const last = this.#bytes === 0 && this.#closing && this.#trailers === undefined;
      this.#connection.writer.frame(frameType.data, last ? flag.endStream : 0, this.#id, first.subarray(0, allowed));
      this.#done = last;
    }
    if (this.#closing && !this.#done) {
      this.#done = true;
      const { writer, encoder } = this.#connection;
      if (this.#trailers === undefined) writer.frame(frameType.data, flag.endStream, this.#id, nothing);
      else writer.headers(encoder, this.#trailers, this.#id, true);
    }
    if (this.#told) return;
    this.#told = true;
    this.#owner.onSendable();
  }

  /** Opens the window by so many bytes, or closes it where the peer lowers its setting; returns its new size. */
  open(bytes: number): number {
    this.#window += bytes;
    const size = this.#window;
    if (bytes > 0 && size <= maxWindow) this.pump();
    return size;
  }

  /** Nothing is to be sent any more. */
  stop(): void {
    this.#done = true;
    this.#chunks = [];
    this.#bytes = 0;
    this.#connection.sendWindow.forget(this);
  }
}

import { Headers } from '../header-map.ts';
import type { ResetReason, UpstreamCallbacks, UpstreamStream } from '../upstream.ts';
import { errorCode, maxWindow } from './frame.ts';
import type { HeaderList } from './hpack-decoder.ts';
import { ReceiveWindow } from './receive-window.ts';
import { announcedLength, areFields, statusOf } from './response-head.ts';
import { type SendingConnection, SendQueue, type SendQueueOwner } from './send-queue.ts';

/** What a stream needs of its connection. */
export interface StreamConnection extends SendingConnection {
  readonly address: string;
  /** What the peer may send on a stream before it is credited. */
  readonly streamWindow: number;
  /** DATA was consumed: the peer may send as much again. */
  credit(bytes: number): void;
  /** The stream is over for the connection; sends RST_STREAM where a code is given. */
  release(stream: ClientStream, code: number | undefined): void;
}

/** One request to an HTTP/2 upstream (RFC 9113 section 8.1). */
export class ClientStream implements UpstreamStream, SendQueueOwner {
  readonly id: number;
  readonly address: string;
  readonly #connection: StreamConnection;
  readonly #sending: SendQueue;
  readonly #isHead: boolean;
  #callbacks: UpstreamCallbacks | undefined;
  #responded = false;
  #ended = false;
  #trailers: Headers | undefined;
  /** Of the announced length, what has not come; undefined where nothing was announced. */
  #missing: number | undefined;
  readonly #window: ReceiveWindow;
  #paused = false;
  /** What came while paused. */
  #held: Buffer[] = [];

  constructor(id: number, connection: StreamConnection, headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks) {
    this.id = id;
    this.address = connection.address;
    this.#connection = connection;
    this.#callbacks = callbacks;
    this.#isHead = headers.get(':method') === 'HEAD';
    this.#window = new ReceiveWindow(connection.writer, id, connection.streamWindow);
    this.#sending = new SendQueue(id, connection, endStream, this);
  }

  get sending(): SendQueue {
    return this.#sending;
  }

  /** A header block of the response or its trailers. */
  receiveHeaders({ list, wellFormed, tooLarge }: HeaderList, endStream: boolean): void {
    if (tooLarge) this.#fail(errorCode.enhanceYourCalm);
    else if (!wellFormed) this.#fail(errorCode.protocol);
    else if (!this.#responded) this.#respond(list, endStream);
    else if (!endStream || !areFields(list, 0)) this.#fail(errorCode.protocol);
    else {
      this.#trailers = new Headers(list);
      this.#end();
    }
  }

  #respond(list: string[], endStream: boolean): void {
    const status = statusOf(list);
    const length = announcedLength(list);
    const interim = status?.charCodeAt(0) === 49;
    if (status === undefined || Number.isNaN(length) || (interim && (endStream || status === '101'))) {
      this.#fail(errorCode.protocol);
      return;
    }
    if (interim) return;
    this.#responded = true;
    if (!this.#isHead && status !== '204' && status !== '304') this.#missing = length;
    const headers = new Headers(list);
    if (!endStream) this.#callbacks?.onUpstreamHeaders(headers, false);
    else if (this.#missing !== undefined && this.#missing > 0) this.#fail(errorCode.protocol);
    else {
      const callbacks = this.#finish();
      callbacks?.onUpstreamHeaders(headers, true);
    }
  }

  /** DATA without its padding; `flowBytes` with it. */
  receiveData(data: Buffer, flowBytes: number, endStream: boolean): void {
    const allowed = this.#window.take(flowBytes);
    if (this.#missing !== undefined) this.#missing -= data.length;
    if (!allowed || !this.#responded || (this.#missing !== undefined && this.#missing < 0)) {
      this.#connection.credit(flowBytes);
      this.#fail(allowed ? errorCode.protocol : errorCode.flowControl);
      return;
    }
    if (flowBytes > data.length) this.#credit(flowBytes - data.length);
    if (this.#paused) {
      if (data.length > 0) this.#held.push(data);
    } else if (data.length > 0) this.#deliver(data);
    if (endStream && this.#callbacks !== undefined) this.#end();
  }

  #deliver(data: Buffer): void {
    this.#credit(data.length);
    this.#callbacks?.onUpstreamData(data);
  }

  #credit(bytes: number): void {
    this.#connection.credit(bytes);
    if (!this.#ended) this.#window.credit(bytes);
  }

  /** The response is complete; what is held goes out first. */
  #end(): void {
    if (this.#missing !== undefined && this.#missing > 0) {
      this.#fail(errorCode.protocol);
      return;
    }
    if (!this.#paused) {
      this.#finish()?.onUpstreamEnd(this.#trailers);
      return;
    }
    this.#close();
  }

  #finish(): UpstreamCallbacks | undefined {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    this.#close();
    return callbacks;
  }

  // A request that is still being sent is cut off: its answer is there (RFC 9113 section 8.1).
  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    const complete = this.#sending.complete;
    this.#sending.stop();
    this.#connection.release(this, complete ? undefined : errorCode.cancel);
  }

  #fail(code: number): void {
    this.abort('reset', code);
  }

  /** Ends the stream without a response; a code is told to the peer. */
  abort(reason: ResetReason, code?: number): void {
    const callbacks = this.#callbacks;
    this.#drop(code);
    callbacks?.onUpstreamReset(reason);
  }

  #drop(code: number | undefined): void {
    this.#callbacks = undefined;
    for (const data of this.#held) this.#connection.credit(data.length);
    this.#held = [];
    if (this.#ended) return;
    this.#ended = true;
    this.#sending.stop();
    this.#connection.release(this, code);
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    return this.#sending.data(chunk, endStream);
  }

  sendTrailers(trailers: Headers): void {
    try {
      this.#sending.trailers(trailers.list);
    } catch {
      // They have no form in HTTP/2.
      this.#fail(errorCode.internal);
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (this.#held.length > 0 && !this.#paused) this.#deliver(this.#held.shift()!);
    if (this.#ended && !this.#paused) this.#finish()?.onUpstreamEnd(this.#trailers);
  }

  cancel(): void {
    this.#drop(errorCode.cancel);
  }

  onSendable(): void {
    this.#callbacks?.onUpstreamWritable();
  }

  /** The peer opens the stream's window; false where it opens too far. */
  openWindow(bytes: number): boolean {
    return this.#sending.open(bytes) <= maxWindow;
  }
}

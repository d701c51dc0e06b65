import type { Socket } from 'node:net';
import { IdTable } from '../../id-table.ts';
import type { Headers } from '../header-map.ts';
import type { UpstreamCallbacks } from '../upstream.ts';
import { ClientStream, type StreamConnection } from './client-stream.ts';
import { ConnectionError, defaultWindow, errorCode, flag, frameType, maxWindow, setting } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { dataOf, fourBytes, lastStreamOf, readSettings } from './payload.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendWindow } from './send-window.ts';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
// Bytes that wait for the peer to read: above, it reads nothing and yet makes us answer.
const hostileBacklog = 16 * 1024 * 1024;
// Milliseconds that the last frames have to leave.
const lingerMs = 1_000;
const none = Buffer.alloc(0);

/** Windows in bytes that we give, for each stream and for the connection, and who hears of the connection. */
export interface ClientConnectionOptions {
  readonly address: string;
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** It takes no more requests: the peer said so, or it is over. Called once. */
  readonly onRetired: () => void;
}

/**
 * The client's side of one HTTP/2 connection (RFC 9113), for a proxy: headers stay flat lists, the frames of one turn are one write. A fault of
 * the peer ends the connection or its stream, as section 5.4 says, never the process.
 */
export class ClientConnection implements StreamConnection {
  readonly address: string;
  readonly writer: FrameWriter;
  readonly sendWindow: SendWindow;
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly streamWindow: number;
  initialSendWindow = defaultWindow;
  /** What the peer allows; unknown before its SETTINGS. */
  maxConcurrentStreams = 100;
  readonly #socket: Socket;
  readonly #options: ClientConnectionOptions;
  readonly #reader: FrameReader;
  readonly #headers = new HeaderBlocks();
  readonly #receiveWindow: ReceiveWindow;
  readonly #streams = new IdTable<ClientStream>();
  #nextId = 1;
  #settled = false;
  #retired = false;
  #closed = false;
  #onPong: (() => void) | undefined;

  /** Takes a socket that may still connect; `open` says when it has. */
  constructor(socket: Socket, options: ClientConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.address = options.address;
    this.streamWindow = options.streamWindow;
    this.writer = new FrameWriter(socket);
    this.sendWindow = new SendWindow(this.writer);
    this.#reader = new FrameReader((type, flags, id, payload) => this.#onFrame(type, flags, id, payload));
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.sendWindow.goOn());
    socket.on('end', () => socket.destroy());
    this.writer.raw(preface);
    const settings = Buffer.alloc(12);
    settings.writeUInt16BE(setting.enablePush, 0);
    settings.writeUInt16BE(setting.initialWindowSize, 6);
    settings.writeUInt32BE(options.streamWindow, 8);
    this.writer.frame(frameType.settings, 0, 0, settings);
    const more = options.connectionWindow - defaultWindow;
    if (more > 0) this.writer.number(frameType.windowUpdate, 0, more);
    this.#receiveWindow = new ReceiveWindow(this.writer, 0, Math.max(defaultWindow, options.connectionWindow));
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Whether another request may start here, with a limit of our own too. */
  hasCapacity(limit: number): boolean {
    return !this.#retired && this.#streams.size < limit && this.#streams.size < this.maxConcurrentStreams;
  }

  /** The socket is connected, and the peer verified. */
  open(): void {
    this.writer.open();
  }

  /** Sends a request. @throws TypeError for headers that HTTP/2 has no form for. */
  request(headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks): ClientStream {
    const id = this.#nextId;
    this.writer.headers(this.encoder, headers.list, id, endStream);
    const stream = new ClientStream(id, this, headers, endStream, callbacks);
    this.#streams.add(id, stream);
    this.#nextId += 2;
    if (this.#nextId > maxWindow) this.retire();
    return stream;
  }

  /** Takes no more requests and ends after those that are open. */
  retire(): void {
    if (!this.#retired) {
      this.#retired = true;
      this.#options.onRetired();
    }
    if (this.#streams.size === 0) this.#end(errorCode.none);
  }

  /** Asks for a sign of life. */
  ping(onPong: () => void): void {
    this.#onPong = onPong;
    this.writer.frame(frameType.ping, 0, 0, Buffer.alloc(8));
  }

  /** The socket is gone: whoever still waits hears why. */
  close(reason: 'reset' | 'connect-failure' | 'connection-timeout'): void {
    this.#closed = true;
    this.#reader.stop();
    this.retire();
    for (const stream of this.#streams.values()) stream.abort(reason);
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.stop();
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(code, 4);
    this.writer.frame(frameType.goAway, 0, 0, payload);
    this.writer.flush();
    this.#socket.destroySoon();
    // A peer that reads nothing would keep what is not written yet for ever.
    setTimeout(() => this.#socket.destroy(), lingerMs).unref();
  }

  #onData(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      if (this.writer.backlog > hostileBacklog) throw new ConnectionError(errorCode.enhanceYourCalm, 'the peer does not read');
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#end(error.code);
      this.close('reset');
    }
  }

  #onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (!this.#settled && type !== frameType.settings) throw new ConnectionError(errorCode.protocol, 'no SETTINGS at the start');
    if (this.#headers.expects(type, id)) throw new ConnectionError(errorCode.protocol, 'a frame inside a header block');
    if (type === frameType.data) this.#onDataFrame(flags, id, payload);
    else if (type === frameType.headers || type === frameType.continuation) this.#onHeaders(type, flags, id, payload);
    else if (type === frameType.windowUpdate) this.#onWindowUpdate(id, payload);
    else if (type === frameType.settings) this.#onSettings(flags, id, payload);
    else if (type === frameType.ping) this.#onPing(flags, id, payload);
    else if (type === frameType.reset) this.#onReset(id, payload);
    else if (type === frameType.goAway) this.#onGoAway(id, payload);
    else if (type === frameType.pushPromise) throw new ConnectionError(errorCode.protocol, 'PUSH_PROMISE, which is disabled');
  }

  /** An open stream; undefined for one that is over. */
  #streamOf(id: number): ClientStream | undefined {
    const stream = this.#streams.get(id);
    if (stream === undefined && (id % 2 === 0 || id >= this.#nextId))
      throw new ConnectionError(errorCode.protocol, `a frame of stream ${id}, which was never opened`);
    return stream;
  }

  #onDataFrame(flags: number, id: number, payload: Buffer): void {
    const data = dataOf(flags, payload);
    if (!this.#receiveWindow.take(payload.length)) throw new ConnectionError(errorCode.flowControl, 'more DATA than the connection allows');
    const stream = this.#streamOf(id);
    if (stream === undefined) this.credit(payload.length);
    else stream.receiveData(data, payload.length, (flags & flag.endStream) !== 0);
  }

  #onHeaders(type: number, flags: number, id: number, payload: Buffer): void {
    const stream = this.#streamOf(id);
    const block = this.#headers.push(type, flags, id, payload);
    if (block !== undefined) stream?.receiveHeaders(block.headers, block.endStream);
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    const bytes = fourBytes(payload) & maxWindow;
    if (id !== 0) {
      const stream = this.#streamOf(id);
      if (stream === undefined) return;
      if (bytes === 0) stream.abort('reset', errorCode.protocol);
      else if (!stream.openWindow(bytes)) stream.abort('reset', errorCode.flowControl);
      return;
    }
    if (bytes === 0) throw new ConnectionError(errorCode.protocol, 'WINDOW_UPDATE of nothing');
    if (!this.sendWindow.open(bytes)) throw new ConnectionError(errorCode.flowControl, 'a window over the limit');
  }

  #onSettings(flags: number, id: number, payload: Buffer): void {
    const acknowledged = (flags & flag.ack) !== 0;
    if (id !== 0 || (acknowledged && !this.#settled)) throw new ConnectionError(errorCode.protocol, 'SETTINGS out of place');
    if (acknowledged && payload.length > 0) throw new ConnectionError(errorCode.frameSize, 'SETTINGS acknowledged with settings');
    if (acknowledged) return;
    const before = this.initialSendWindow;
    const settings = readSettings(payload);
    this.maxConcurrentStreams = settings.maxConcurrentStreams ?? (this.#settled ? this.maxConcurrentStreams : maxWindow);
    this.initialSendWindow = settings.initialWindowSize ?? before;
    if (settings.headerTableSize !== undefined) this.encoder.announceTableSize();
    this.#settled = true;
    this.writer.frame(frameType.settings, flag.ack, 0, none);
    if (this.initialSendWindow === before) return;
    for (const stream of this.#streams.values())
      if (!stream.openWindow(this.initialSendWindow - before)) throw new ConnectionError(errorCode.flowControl, 'a window over the limit');
  }

  #onPing(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errorCode.protocol, 'PING of a stream');
    if (payload.length !== 8) throw new ConnectionError(errorCode.frameSize, 'PING of another size than 8 bytes');
    if ((flags & flag.ack) === 0) this.writer.frame(frameType.ping, flag.ack, 0, payload);
    else this.#onPong?.();
  }

  #onReset(id: number, payload: Buffer): void {
    const code = fourBytes(payload);
    this.#streamOf(id)?.abort(code === errorCode.refusedStream ? 'refused-stream' : 'reset');
  }

  #onGoAway(id: number, payload: Buffer): void {
    const last = lastStreamOf(id, payload);
    // Those after the last were not processed and can be sent elsewhere (RFC 9113 section 6.8).
    for (const stream of this.#streams.values()) if (stream.id > last) stream.abort('refused-stream');
    this.retire();
  }

  credit(bytes: number): void {
    this.#receiveWindow.credit(bytes);
  }

  release(stream: ClientStream, code: number | undefined): void {
    this.#streams.delete(stream.id);
    if (this.#closed) return;
    if (code !== undefined) this.writer.number(frameType.reset, stream.id, code);
    if (this.#retired && this.#streams.size === 0) this.#end(errorCode.none);
  }
}

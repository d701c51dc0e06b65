import type { Socket } from 'node:net';
import { flag, frameHeaderBytes, frameType, maxFrameBytes } from './frame.ts';
import type { HpackEncoder } from './hpack-encoder.ts';

const bufferBytes = 64 * 1024;

/** Collects the frames of one turn of the event loop and writes them at once: each write is a system call. */
export class FrameWriter {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.allocUnsafeSlow(bufferBytes);
  /** What is collected stands between them. */
  #start = 0;
  #end = 0;
  #scheduled = false;
  #open = false;
  #held: Buffer[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The connection is there: before, nothing is written, because a TLS socket would send it to a peer that is not verified yet. */
  open(): void {
    this.#open = true;
    for (const bytes of this.#held) this.#socket.write(bytes);
    this.#held = [];
    this.flush();
  }

  /** Bytes that the peer has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength + this.#end - this.#start;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Any frame; of `payload` at most a frame's worth. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.#reserve(frameHeaderBytes + payload.length);
    this.#header(payload.length, type, flags, streamId);
    this.#buffer.set(payload, this.#end);
    this.#end += payload.length;
  }

  /** A frame whose payload is one number of four bytes: RST_STREAM, WINDOW_UPDATE. */
  number(type: number, streamId: number, value: number): void {
    this.#reserve(frameHeaderBytes + 4);
    this.#header(4, type, 0, streamId);
    this.#end = this.#buffer.writeUInt32BE(value, this.#end);
  }

  /** HEADERS, with CONTINUATION where one frame does not hold them. @throws TypeError for headers without a form; nothing is sent then. */
  headers(encoder: HpackEncoder, list: readonly string[], streamId: number, endStream: boolean): void {
    this.#reserve(frameHeaderBytes + encoder.bound(list));
    const start = this.#end + frameHeaderBytes;
    const length = encoder.encode(list, this.#buffer, start) - start;
    const flags = endStream ? flag.endStream : 0;
    if (length <= maxFrameBytes) {
      this.#header(length, frameType.headers, flags | flag.endHeaders, streamId);
      this.#end += length;
      return;
    }
    const block = Buffer.from(this.#buffer.subarray(start, start + length));
    this.frame(frameType.headers, flags, streamId, block.subarray(0, maxFrameBytes));
    for (let at = maxFrameBytes; at < length; at += maxFrameBytes)
      this.frame(
        frameType.continuation,
        at + maxFrameBytes >= length ? flag.endHeaders : 0,
        streamId,
        block.subarray(at, at + maxFrameBytes),
      );
  }

  #header(length: number, type: number, flags: number, streamId: number): void {
    const buffer = this.#buffer;
    let at = this.#end;
    buffer[at++] = length >> 16;
    buffer[at++] = length >> 8;
    buffer[at++] = length;
    buffer[at++] = type;
    buffer[at++] = flags;
    this.#end = buffer.writeUInt32BE(streamId, at);
  }

  #reserve(bytes: number): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
    if (this.#buffer.length - this.#end >= bytes) return;
    this.#write();
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(bufferBytes, bytes));
    this.#start = 0;
    this.#end = 0;
  }

  /** Writes what is collected now. */
  flush(): void {
    this.#scheduled = false;
    this.#write();
    // The kernel has all of it: the buffer can be used again.
    if (this.#open && this.#socket.writableLength === 0) {
      this.#start = 0;
      this.#end = 0;
    }
  }

  #write(): void {
    if (this.#end === this.#start) return;
    const bytes = this.#buffer.subarray(this.#start, this.#end);
    this.#start = this.#end;
    if (!this.#open) this.#held.push(bytes);
    else if (this.#socket.writable) this.#socket.write(bytes);
  }
}

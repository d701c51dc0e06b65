import { frameType } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';

/** What a peer may still send, on the connection (stream 0) or on one stream (RFC 9113 section 5.2). */
export class ReceiveWindow {
  readonly #writer: FrameWriter;
  readonly #streamId: number;
  readonly #size: number;
  #left: number;
  #uncredited = 0;

  constructor(writer: FrameWriter, streamId: number, size: number) {
    this.#writer = writer;
    this.#streamId = streamId;
    this.#size = size;
    this.#left = size;
  }

  /** Counts DATA that came; false where the peer was not allowed to send it. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** That much was consumed. The peer is told of half a window at a time. */
  credit(bytes: number): void {
    this.#uncredited += bytes;
    if (this.#uncredited * 2 < this.#size) return;
    this.#writer.number(frameType.windowUpdate, this.#streamId, this.#uncredited);
    this.#left += this.#uncredited;
    this.#uncredited = 0;
  }
}

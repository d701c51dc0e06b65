import { ConnectionError, errorCode, frameHeaderBytes, maxFrameBytes } from './frame.ts';

/** Takes a frame; the payload is a view that stays valid. */
export type OnFrame = (type: number, flags: number, streamId: number, payload: Buffer) => void;

/** Cuts the bytes of a connection into frames. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** Bytes of a frame that is not complete, and how many of them it takes to go on. */
  #parts: Buffer[] = [];
  #size = 0;
  #needed = frameHeaderBytes;
  #stopped = false;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** @throws ConnectionError for a frame over the limit, and what `onFrame` throws. */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#size > 0) {
      this.#parts.push(chunk);
      this.#size += chunk.length;
      if (this.#size < this.#needed) return;
      bytes = Buffer.concat(this.#parts, this.#size);
    }
    let at = 0;
    this.#needed = frameHeaderBytes;
    while (bytes.length - at >= frameHeaderBytes) {
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
      if (length > maxFrameBytes) throw new ConnectionError(errorCode.frameSize, `a frame of ${length} bytes`);
      const end = at + frameHeaderBytes + length;
      if (end > bytes.length) {
        this.#needed = frameHeaderBytes + length;
        break;
      }
      this.#onFrame(bytes[at + 3]!, bytes[at + 4]!, bytes.readUInt32BE(at + 5) & 0x7fffffff, bytes.subarray(at + frameHeaderBytes, end));
      if (this.#stopped) return;
      at = end;
    }
    this.#size = bytes.length - at;
    this.#parts = this.#size === 0 ? [] : [bytes.subarray(at)];
  }

  /** Nothing is read any more, also of the chunk at hand. */
  stop(): void {
    this.#stopped = true;
    this.#parts = [];
  }
}

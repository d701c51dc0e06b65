import { defaultWindow, maxWindow } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { SendQueue } from './send-queue.ts';

// Bytes that wait for the peer to read: above, no more DATA is written.
const fullBacklog = 256 * 1024;

/** What may be sent on the whole connection now, and who waits for it (RFC 9113 section 5.2). */
export class SendWindow {
  readonly #writer: FrameWriter;
  readonly #waiting = new Set<SendQueue>();
  #left = defaultWindow;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** What of `wanted` bytes may be sent now; they are taken. */
  take(wanted: number): number {
    if (this.#writer.backlog + wanted > fullBacklog) {
      this.#writer.flush();
      if (this.#writer.backlog + wanted > fullBacklog) return 0;
    }
    const allowed = Math.min(wanted, this.#left);
    this.#left -= allowed;
    return allowed;
  }

  /** The queue goes on once there is room again. */
  wait(queue: SendQueue): void {
    this.#waiting.add(queue);
  }

  forget(queue: SendQueue): void {
    this.#waiting.delete(queue);
  }

  /** The peer opens the window; false where it opens too far. */
  open(bytes: number): boolean {
    this.#left += bytes;
    if (this.#left > maxWindow) return false;
    this.goOn();
    return true;
  }

  /** There may be room again. */
  goOn(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const queue of waiting) queue.pump();
  }
}

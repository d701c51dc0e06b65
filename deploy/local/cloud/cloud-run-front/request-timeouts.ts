import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Clock } from '../../shared/local-server.ts';
import { refuse } from './refusals.ts';

/**
 * Cuts requests that take too long: 504 where nothing was answered yet, else a reset. All of a front have the same time, so the first that came is the first
 * whose time is up, and one timer is enough. https://docs.cloud.google.com/run/docs/configuring/request-timeout
 */
export class RequestTimeouts {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #open = new Map<ServerHttp2Stream, number>();
  #cancel: (() => void) | undefined;

  constructor(timeoutMs: number, clock: Clock) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** Watches a request until it ends. */
  begin(stream: ServerHttp2Stream): void {
    this.#open.set(stream, this.#clock.now() + this.#timeoutMs);
    stream.once('close', () => this.#open.delete(stream));
    if (this.#cancel === undefined) this.#arm(this.#timeoutMs);
  }

  close(): void {
    this.#cancel?.();
  }

  #arm(afterMs: number): void {
    this.#cancel = this.#clock.schedule(afterMs, () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    const nowMs = this.#clock.now();
    for (const [stream, untilMs] of this.#open) {
      if (untilMs > nowMs) {
        this.#arm(untilMs - nowMs);
        return;
      }
      this.#open.delete(stream);
      if (stream.headersSent) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else refuse(stream, 504);
    }
  }
}

import type { Clock } from '../../local-server.ts';

/** A clock that stands still until it is told. */
export class ManualClock implements Clock {
  #nowMs = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #waiting: (() => void)[] = [];

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    for (const resolve of this.#waiting.splice(0)) resolve();
    return () => this.#timers.delete(timer);
  }

  /** How long until the next timer, once there is one. */
  async nextDelay(): Promise<number> {
    while (this.#timers.size === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return Math.min(...Array.from(this.#timers, ({ atMs }) => atMs)) - this.#nowMs;
  }

  /** Moves on and runs what became due. */
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

import type { Clock } from '../../shared/local-server.ts';

/** Lets `ratePerSecond` pass on average, `burst` at once. */
export class TokenBucket {
  readonly #clock: Clock;
  #ratePerSecond: number;
  #burst: number;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Clock, ratePerSecond: number, burst: number) {
    this.#clock = clock;
    this.#ratePerSecond = ratePerSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledMs = clock.now();
  }

  /** Changes the limits from now on. */
  setLimits(ratePerSecond: number, burst: number): void {
    this.#fill();
    this.#ratePerSecond = ratePerSecond;
    this.#burst = burst;
  }

  /** 0 where one passed; otherwise the milliseconds until the next may. */
  take(): number {
    this.#fill();
    // A rounding error of a millisecond's fraction must not ask for another wait.
    if (this.#tokens < 1 - 1e-9) return ((1 - this.#tokens) * 1000) / this.#ratePerSecond;
    this.#tokens -= 1;
    return 0;
  }

  #fill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#filledMs) * this.#ratePerSecond) / 1000);
    this.#filledMs = now;
  }
}

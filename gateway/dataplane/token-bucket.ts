import * as z from 'zod';
import { duration, uint } from './config/read-config.ts';

/** envoy.type.v3.TokenBucket. */
export const tokenBucketConfig = z.strictObject({ max_tokens: uint, tokens_per_fill: uint.default(1), fill_interval: duration });

/** A bucket that fills by time. It starts full. */
export class TokenBucket {
  readonly #config: z.output<typeof tokenBucketConfig>;
  #tokens: number;
  #filledAt: number | undefined;

  constructor(config: z.output<typeof tokenBucketConfig>) {
    this.#config = config;
    this.#tokens = config.max_tokens;
  }

  /** Takes a token where there is one. `now` in milliseconds. */
  take(now: number): boolean {
    const { max_tokens: max, tokens_per_fill: perFill, fill_interval: interval } = this.#config;
    this.#filledAt ??= now;
    const fills = Math.floor((now - this.#filledAt) / interval);
    if (fills > 0) {
      this.#tokens = Math.min(max, this.#tokens + fills * perFill);
      this.#filledAt += fills * interval;
    }
    if (this.#tokens <= 0) return false;
    this.#tokens--;
    return true;
  }
}

import * as z from 'zod';
import { runtimePercent } from '../config/matcher-config.ts';
import { duration, list, readConfig, uint } from '../config/read-config.ts';
import { headerValueOption } from '../config/route-config.ts';
import type { FilterFactory } from '../filter-factory.ts';
import { compileHeaderEdits, type HeaderEdit } from '../header-edits.ts';
import type { HttpStream } from '../http-stream.ts';

const name = 'envoy.filters.http.local_ratelimit';
const type = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

const config = z.strictObject({
  stat_prefix: z.string().min(1),
  status: z.strictObject({ code: z.union([uint, z.literal('TooManyRequests').transform(() => 429)]) }).optional(),
  token_bucket: z.strictObject({ max_tokens: uint, tokens_per_fill: uint.default(1), fill_interval: duration }).optional(),
  filter_enabled: runtimePercent.optional(),
  filter_enforced: runtimePercent.optional(),
  response_headers_to_add: list(headerValueOption),
  rate_limited_as_resource_exhausted: z.boolean().default(false),
});

/** A bucket that fills by time. Limits hold for one data plane, not for all of them together. */
class Limiter {
  readonly config: z.output<typeof config>;
  readonly edit: HeaderEdit | undefined;
  #tokens: number;
  #filledAt: number | undefined;

  constructor(parsed: z.output<typeof config>) {
    this.config = parsed;
    this.edit = compileHeaderEdits(parsed.response_headers_to_add, []);
    this.#tokens = parsed.token_bucket?.max_tokens ?? 0;
  }

  /** Takes a token. `now` in milliseconds. */
  take(now: number): boolean {
    const bucket = this.config.token_bucket;
    if (bucket === undefined) return true;
    this.#filledAt ??= now;
    const fills = Math.floor((now - this.#filledAt) / bucket.fill_interval);
    if (fills > 0) {
      this.#tokens = Math.min(bucket.max_tokens, this.#tokens + fills * bucket.tokens_per_fill);
      this.#filledAt += fills * bucket.fill_interval;
    }
    if (this.#tokens <= 0) return false;
    this.#tokens--;
    return true;
  }
}

/** Answers 429 where a token bucket is empty. As in Envoy nothing happens unless enabled and enforced are set. */
export const localRatelimit: FilterFactory = {
  name,
  type,
  perRoute: (message, fields, path) => (message === type ? new Limiter(readConfig(config, fields, path)) : undefined),
  create: (fields, { path, now, slot }) => {
    const common = new Limiter(readConfig(config, fields, path));
    return {
      name,
      decodeHeaders: (stream) => {
        const limiter = (stream.route?.filterConfig.get(name) as Limiter | undefined) ?? common;
        const { filter_enabled: enabled = 0, filter_enforced: enforced = 0 } = limiter.config;
        if (!happens(enabled) || limiter.take(now()) || !happens(enforced)) return 'continue';
        stream.state[slot] = limiter;
        refuse(stream, limiter);
        return 'stop';
      },
      encodeHeaders: (stream, headers) => {
        (stream.state[slot] as Limiter | undefined)?.edit?.(headers, stream);
        return 'continue';
      },
    };
  },
};

function happens(share: number): boolean {
  return share >= 1 || (share > 0 && Math.random() < share);
}

function refuse(stream: HttpStream, { config: { status, rate_limited_as_resource_exhausted: exhausted } }: Limiter): void {
  stream.sendLocalReply({
    status: Math.max(400, status?.code ?? 429),
    body: 'local_rate_limited',
    ...(exhausted && { grpcStatus: 8 }),
    details: 'local_rate_limited',
    flags: 'RL',
  });
}

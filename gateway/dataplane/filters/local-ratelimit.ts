import * as z from 'zod';
import { runtimePercent } from '../config/matcher-config.ts';
import { list, readConfig, uint } from '../config/read-config.ts';
import { headerValueOption } from '../config/route-config.ts';
import type { FilterFactory } from '../filter-factory.ts';
import { compileHeaderEdits, type HeaderEdit } from '../header-edits.ts';
import type { HttpStream } from '../http-stream.ts';
import { DescriptorBuckets, descriptorFields } from '../rate-limit-descriptors.ts';
import { TokenBucket, tokenBucketConfig } from '../token-bucket.ts';

const name = 'envoy.filters.http.local_ratelimit';
const type = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

const config = z.strictObject({
  stat_prefix: z.string().min(1),
  status: z.strictObject({ code: z.union([uint, z.literal('TooManyRequests').transform(() => 429)]) }).optional(),
  token_bucket: tokenBucketConfig.optional(),
  filter_enabled: runtimePercent.optional(),
  filter_enforced: runtimePercent.optional(),
  response_headers_to_add: list(headerValueOption),
  rate_limited_as_resource_exhausted: z.boolean().default(false),
  ...descriptorFields,
  max_dynamic_descriptors: uint.default(20),
  always_consume_default_token_bucket: z.boolean().default(true),
});

/** One filter's or route's buckets. Limits hold for one data plane, not for all of them together. */
class Limiter {
  readonly config: z.output<typeof config>;
  readonly edit: HeaderEdit | undefined;
  readonly #common: TokenBucket | undefined;
  readonly #descriptors: DescriptorBuckets;

  constructor(parsed: z.output<typeof config>) {
    this.config = parsed;
    this.edit = compileHeaderEdits(parsed.response_headers_to_add, []);
    this.#common = parsed.token_bucket === undefined ? undefined : new TokenBucket(parsed.token_bucket);
    this.#descriptors = new DescriptorBuckets(parsed, parsed.max_dynamic_descriptors);
  }

  allows(stream: HttpStream, now: number): boolean {
    const buckets = this.#descriptors.of(stream);
    if (this.#common !== undefined && (buckets.length === 0 || this.config.always_consume_default_token_bucket)) buckets.push(this.#common);
    return buckets.every((bucket) => bucket.take(now));
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
        if (!happens(enabled) || limiter.allows(stream, now()) || !happens(enforced)) return 'continue';
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

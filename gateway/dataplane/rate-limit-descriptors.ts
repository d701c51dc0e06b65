import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import { list } from './config/read-config.ts';
import type { HttpStream } from './http-stream.ts';
import { TokenBucket, tokenBucketConfig } from './token-bucket.ts';

const name = z.string().min(1);

const action = z.union([
  z.strictObject({ remote_address: z.strictObject({}) }),
  z.strictObject({ generic_key: z.strictObject({ descriptor_value: name, descriptor_key: name.default('generic_key') }) }),
  z.strictObject({ request_headers: z.strictObject({ header_name: name.toLowerCase(), descriptor_key: name }) }),
  z.strictObject({
    metadata: z.strictObject({
      descriptor_key: name,
      metadata_key: z.strictObject({ key: name, path: z.array(z.strictObject({ key: name })).min(1) }),
      default_value: z.string().default(''),
      source: z.enum(['DYNAMIC', 'ROUTE_ENTRY']).default('DYNAMIC'),
    }),
  }),
]);
type Action = z.output<typeof action>;

/** What a filter says about buckets besides its default one. */
export const descriptorFields = {
  descriptors: list(
    z.strictObject({
      entries: z.array(z.strictObject({ key: name, value: z.string().default('') })).min(1),
      token_bucket: tokenBucketConfig,
    }),
  ),
  rate_limits: list(z.strictObject({ actions: z.array(action).min(1) })),
};
const fields = z.strictObject(descriptorFields);
type Descriptor = z.output<typeof fields>['descriptors'][number];
type Entry = readonly [key: string, value: string];

/** Buckets by descriptor: one for each value where an entry leaves it open; the least recently used go first. */
export class DescriptorBuckets {
  readonly #descriptors: readonly Descriptor[];
  readonly #limits: readonly { readonly actions: readonly Action[] }[];
  readonly #buckets: LRUCache<string, TokenBucket>;

  constructor(config: z.output<typeof fields>, maxBuckets: number) {
    this.#descriptors = config.descriptors;
    this.#limits = config.rate_limits;
    this.#buckets = new LRUCache({ max: maxBuckets });
  }

  /** The buckets that a request draws from; none where no descriptor is made of it. */
  of(stream: HttpStream): TokenBucket[] {
    const buckets: TokenBucket[] = [];
    for (const { actions } of this.#limits) {
      const entries = actions.map((one) => entryOf(one, stream));
      // An action without a value makes no descriptor.
      if (!entries.every((entry) => entry !== undefined)) continue;
      const index = this.#descriptors.findIndex((one) => fits(one, entries));
      if (index >= 0) buckets.push(this.#bucket(index, entries));
    }
    return buckets;
  }

  #bucket(index: number, entries: readonly Entry[]): TokenBucket {
    const key = JSON.stringify([index, entries]);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#descriptors[index]!.token_bucket);
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }
}

function fits({ entries: wanted }: Descriptor, entries: readonly Entry[]): boolean {
  return (
    wanted.length === entries.length &&
    wanted.every(({ key, value }, i) => key === entries[i]![0] && (value === '' || value === entries[i]![1]))
  );
}

function entryOf(one: Action, stream: HttpStream): Entry | undefined {
  if ('remote_address' in one) return ['remote_address', stream.clientAddress];
  if ('generic_key' in one) return [one.generic_key.descriptor_key, one.generic_key.descriptor_value];
  if ('request_headers' in one) {
    const value = stream.request.getAll(one.request_headers.header_name);
    return value === undefined ? undefined : [one.request_headers.descriptor_key, value];
  }
  const { descriptor_key: key, metadata_key: from, default_value: fallback, source } = one.metadata;
  let found: unknown = (source === 'DYNAMIC' ? stream.metadata : (stream.route?.metadata ?? {}))[from.key];
  for (const part of from.path) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, part.key)
        ? (found as Record<string, unknown>)[part.key]
        : undefined;
  }
  const value = typeof found === 'string' && found !== '' ? found : fallback;
  return value === '' ? undefined : [key, value];
}

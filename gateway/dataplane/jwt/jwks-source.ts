import type { FilterContext } from '../filter-factory.ts';
import { Headers } from '../header-map.ts';
import { httpCall } from '../http-call.ts';
import { Jwks } from './jwks.ts';
import type { ProviderConfig } from './jwt-config.ts';

// Envoy's default of failed_refetch_duration.
const failedRefetchMs = 1_000;
// async_fetch refreshes before the keys expire.
const aheadMs = 5_000;

/** Keys of one provider: local, or fetched and cached. */
export interface JwksSource {
  /** The keys that are valid now, without waiting. */
  current(): Jwks | undefined;
  /** Fetches once for all who wait; undefined where it failed. */
  fetch(): Promise<Jwks | undefined>;
}

/** Opens a provider's keys. With async_fetch and without fast_listener the first fetch is waited for, as in Envoy. */
export async function openJwks(config: ProviderConfig, context: FilterContext): Promise<JwksSource> {
  if (config.local_jwks !== undefined) {
    const keys = Jwks.parse(config.local_jwks.toString());
    return { current: () => keys, fetch: async () => undefined };
  }
  const source = new RemoteJwks(config.remote_jwks!, context);
  const asyncFetch = config.remote_jwks!.async_fetch;
  if (asyncFetch !== undefined) {
    const first = source.keepFresh(asyncFetch.failed_refetch_duration ?? failedRefetchMs);
    if (!asyncFetch.fast_listener) await first;
  }
  return source;
}

class RemoteJwks implements JwksSource {
  readonly #config: NonNullable<ProviderConfig['remote_jwks']>;
  readonly #context: FilterContext;
  #keys: Jwks | undefined;
  #expires = 0;
  #pending: Promise<Jwks | undefined> | undefined;

  constructor(config: NonNullable<ProviderConfig['remote_jwks']>, context: FilterContext) {
    this.#config = config;
    this.#context = context;
  }

  current(): Jwks | undefined {
    return this.#context.now() < this.#expires ? this.#keys : undefined;
  }

  fetch(): Promise<Jwks | undefined> {
    this.#pending ??= this.#fetchWithRetries().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Fetches now and before each expiry; resolves after the first attempt. */
  async keepFresh(failedRefetch: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let closed = false;
    this.#context.onClose(() => {
      closed = true;
      clearTimeout(timer);
    });
    const refresh = async () => {
      const keys = await this.fetch();
      if (closed) return;
      const delay = keys === undefined ? failedRefetch : Math.max(failedRefetch, this.#config.cache_duration - aheadMs);
      timer = setTimeout(() => void refresh(), delay).unref();
    };
    await refresh();
  }

  async #fetchWithRetries(): Promise<Jwks | undefined> {
    const retries = this.#config.retry_policy?.num_retries ?? 0;
    const { base_interval: base, max_interval: max } = this.#config.retry_policy?.retry_back_off ?? {
      base_interval: 1_000,
      max_interval: 10_000,
    };
    for (let attempt = 0; ; attempt++) {
      const keys = await this.#fetchOnce();
      if (keys !== undefined) {
        this.#keys = keys;
        this.#expires = this.#context.now() + this.#config.cache_duration;
        return keys;
      }
      if (attempt >= retries) {
        this.#context.log('WARNING', 'JWKS fetch failed', { uri: this.#config.http_uri.uri });
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(max ?? base * 10, base * 2 ** attempt)).unref());
    }
  }

  #fetchOnce(): Promise<Jwks | undefined> {
    const { uri, cluster, timeout } = this.#config.http_uri;
    const url = new URL(uri);
    const headers = new Headers([
      ':method',
      'GET',
      ':scheme',
      url.protocol.slice(0, -1),
      ':authority',
      url.host,
      ':path',
      url.pathname + url.search,
      'accept',
      'application/json',
    ]);
    return new Promise((resolve) => {
      const call = httpCall(
        this.#context.clusters.get(cluster)!,
        { headers, body: new Uint8Array(), timeoutMs: timeout },
        ({ status, body }) => {
          resolve(status === 200 ? Jwks.parse(body.toString()) : undefined);
        },
      );
      if (call === undefined) resolve(undefined);
    });
  }
}

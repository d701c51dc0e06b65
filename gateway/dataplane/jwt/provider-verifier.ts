import { LRUCache } from 'lru-cache';
import type { FilterContext } from '../filter-factory.ts';
import type { Headers } from '../header-map.ts';
import type { HttpStream } from '../http-stream.ts';
import { compileStringMatcher, type TextMatcher } from '../matchers.ts';
import type { JwksSource } from './jwks-source.ts';
import type { ProviderConfig } from './jwt-config.ts';
import { type JwtStatus, jwtStatus } from './jwt-status.ts';
import { type JwtToken, parseJwt } from './jwt-token.ts';

const metadataNamespace = 'envoy.filters.http.jwt_authn';

/** Verifies the tokens of one provider and, where they are good, passes on what they say. */
export class ProviderVerifier {
  readonly config: ProviderConfig;
  readonly #context: FilterContext;
  readonly #jwks: JwksSource;
  readonly #places: readonly { name: string; prefix: string }[];
  readonly #subjects: TextMatcher | undefined;
  readonly #cache: LRUCache<string, JwtToken> | undefined;
  readonly #hits: { value: number };
  readonly #misses: { value: number };

  constructor(config: ProviderConfig, jwks: JwksSource, context: FilterContext) {
    this.config = config;
    this.#context = context;
    const size = config.jwt_cache_config?.jwt_cache_size ?? 0;
    if (size > 0) this.#cache = new LRUCache({ max: size });
    this.#jwks = jwks;
    const defaults = config.from_headers.length === 0 && config.from_params.length === 0;
    this.#places = defaults
      ? [{ name: 'authorization', prefix: 'Bearer ' }]
      : config.from_headers.map(({ name, value_prefix: prefix }) => ({ name, prefix }));
    this.#subjects = config.subjects === undefined ? undefined : compileStringMatcher(config.subjects);
    this.#hits = context.stats.counter('envoy_http_jwt_authn_jwt_cache_hit');
    this.#misses = context.stats.counter('envoy_http_jwt_authn_jwt_cache_miss');
  }

  /** The tokens in this provider's places. */
  extract(headers: Headers): string[] {
    const tokens: string[] = [];
    for (const { name, prefix } of this.#places) {
      const token = tokenIn(headers.getAll(name), prefix);
      if (token !== undefined) tokens.push(token);
    }
    const params =
      this.config.from_params.length > 0 ? this.config.from_params : this.config.from_headers.length === 0 ? ['access_token'] : [];
    if (params.length > 0) {
      const target = headers.get(':path') ?? '';
      const query = target.indexOf('?');
      const values = new URLSearchParams(query < 0 ? '' : target.slice(query + 1));
      for (const name of params) {
        const value = values.get(name);
        if (value !== null) tokens.push(value);
      }
    }
    return tokens;
  }

  /** Every extracted token must be good. `audiences` replace the provider's own. Synchronous where keys and token are cached. */
  verify(stream: HttpStream, audiences: readonly string[] | undefined): JwtStatus | Promise<JwtStatus> {
    this.#sanitize(stream.request);
    const tokens = this.extract(stream.request);
    if (tokens.length === 0) return jwtStatus.missing;
    if (tokens.length === 1) return this.verifyToken(stream, tokens[0]!, audiences);
    return this.#verifyAll(stream, tokens, audiences);
  }

  async #verifyAll(stream: HttpStream, tokens: readonly string[], audiences: readonly string[] | undefined): Promise<JwtStatus> {
    for (const token of tokens) {
      const status = await this.verifyToken(stream, token, audiences);
      if (status !== undefined) return status;
    }
    return undefined;
  }

  // A client's own copies of the headers that this provider sets.
  #sanitize(headers: Headers): void {
    if (this.config.forward_payload_header !== '') headers.remove(this.config.forward_payload_header);
    for (const { header_name: name } of this.config.claim_to_headers) headers.remove(name);
  }

  /** Verifies one token, in Envoy's order of checks. */
  verifyToken(stream: HttpStream, raw: string, audiences: readonly string[] | undefined): JwtStatus | Promise<JwtStatus> {
    const cached = this.#cached(raw);
    const token = cached ?? parseJwt(raw);
    if (typeof token === 'string') return token;
    if (this.config.issuer !== '' && token.issuer !== this.config.issuer) return jwtStatus.unknownIssuer;
    const fault = this.#checkClaims(token, audiences ?? this.config.audiences);
    if (fault !== undefined) return fault;
    if (cached !== undefined) {
      this.#accept(stream, token);
      return undefined;
    }
    return this.#verifySignature(stream, token);
  }

  #checkClaims(token: JwtToken, audiences: readonly string[]): JwtStatus {
    const { clock_skew_seconds: skew, max_lifetime: maxLifetime } = this.config;
    const now = Math.floor(this.#context.now() / 1000);
    const allowed = skew === 0 ? 60 : skew;
    if (token.notBefore > now + allowed) return jwtStatus.notYetValid;
    if (token.expires !== 0 && now > token.expires + allowed) return jwtStatus.expired;
    if (audiences.length > 0 && !token.audiences.some((audience) => audiences.includes(audience))) return jwtStatus.audience;
    if (this.#subjects !== undefined && !this.#subjects(token.subject)) return jwtStatus.verification;
    // The remaining lifetime counts; a token without exp has no end.
    if (maxLifetime !== undefined && (token.expires === 0 || (token.expires - now) * 1000 > maxLifetime)) return jwtStatus.verification;
    if (this.config.require_expiration && token.expires === 0) return jwtStatus.verification;
    return undefined;
  }

  async #verifySignature(stream: HttpStream, token: JwtToken): Promise<JwtStatus> {
    const keys = this.#jwks.current() ?? (this.config.remote_jwks === undefined ? undefined : await this.#jwks.fetch());
    if (keys === undefined) return this.config.remote_jwks === undefined ? jwtStatus.noKeys : jwtStatus.fetchFailed;
    const status = await keys.verify(token);
    if (status !== undefined) return status;
    this.#remember(token);
    this.#accept(stream, token);
    return undefined;
  }

  #cached(raw: string): JwtToken | undefined {
    if (this.#cache === undefined) return undefined;
    const token = this.#cache.get(raw);
    if (token === undefined) {
      this.#misses.value++;
      return undefined;
    }
    this.#hits.value++;
    return token;
  }

  #remember(token: JwtToken): void {
    const limits = this.config.jwt_cache_config;
    if (limits === undefined || token.raw.length > limits.jwt_max_token_size) return;
    this.#cache?.set(token.raw, token);
  }

  #accept(stream: HttpStream, token: JwtToken): void {
    const { config } = this;
    const headers = stream.request;
    if (config.forward_payload_header !== '') {
      const padding = config.pad_forward_payload_header ? '='.repeat((4 - (token.payloadBase64.length % 4)) % 4) : '';
      headers.add(config.forward_payload_header, token.payloadBase64 + padding);
    }
    let added = false;
    for (const { header_name: name, claim_name: claim } of config.claim_to_headers) {
      const value = claimText(token.payload, claim);
      if (value === undefined) continue;
      headers.add(name, value);
      added = true;
    }
    if (!config.forward) for (const { name } of this.#places) headers.remove(name);
    if (config.header_in_metadata !== '') stream.setMetadata(metadataNamespace, config.header_in_metadata, token.header);
    if (config.payload_in_metadata !== '') stream.setMetadata(metadataNamespace, config.payload_in_metadata, token.payload);
    if (config.clear_route_cache && (added || config.payload_in_metadata !== '')) stream.clearRouteCache();
  }
}

/** The token behind a prefix, up to the first character that no token has; undefined where the prefix is not there. */
function tokenIn(value: string | undefined, prefix: string): string | undefined {
  if (value === undefined) return undefined;
  const at = value.indexOf(prefix);
  if (at < 0) return undefined;
  return /[\w\-.=]*/.exec(value.slice(at + prefix.length).trimStart())![0];
}

/** A claim as header text: strings, numbers, booleans; nested by dots. */
function claimText(payload: Readonly<Record<string, unknown>>, claim: string): string | undefined {
  let value: unknown = payload;
  for (const part of claim.split('.'))
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
  if (typeof value === 'string') return /^[\t\x20-\x7e\x80-\xff]+$/.test(value) ? value : undefined;
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? String(value) : value.toFixed(6);
  return typeof value === 'boolean' ? String(value) : undefined;
}

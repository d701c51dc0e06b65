import { createHash } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { audienceOf, internalDomain } from '../../../../services/platform/contracts/identities.ts';
import type { Clock } from '../../shared/local-server.ts';
import type { IssuerName, SigningKey } from './signing-keys.ts';

const hourSeconds = 3600;
/** An ID token that is asked for again is reused while at least this much of its hour is left. */
const reuseFloorMs = 30 * 60_000;
const maxCachedTokens = 1000;

/** What may differ from the ordinary token of a kind. */
interface TokenVariation {
  /** Lifetime; one hour unless told. Negative makes a token that has expired. */
  readonly ttlSeconds?: number | undefined;
  /** As of an issuer whose clock is off by so many seconds: `iat`, `exp`, and a `nbf`, which other tokens do not have, are off by as much. Default 0. */
  readonly skewSeconds?: number | undefined;
  /** Replaces the ordinary audience. */
  readonly audience?: string | undefined;
  /** Preview target by service, such as `{ partner: 'pr-123' }`: the claim `kumiko_preview`. */
  readonly preview?: Readonly<Record<string, string>> | undefined;
}

/** Makes the tokens that the platform accepts. */
export interface TokenMint {
  /** As Identity Platform makes them. `sub` is the customer's id. */
  mintCustomerToken(token: TokenVariation & { readonly sub: string }): Promise<string>;
  /** As the platform's own token endpoint makes them. `sub` is the partner's id. */
  mintPartnerToken(token: TokenVariation & { readonly sub: string }): Promise<string>;
  /** A person's Google ID token for the edge. */
  mintOperatorToken(email: string, variation?: TokenVariation): Promise<string>;
  /** A service account's Google ID token, valid for one hour, reused while more than half of it is left. */
  mintIdToken(email: string, audience: string): Promise<string>;
  /** The same, made anew. */
  mintGoogleToken(email: string, audience: string, variation?: Omit<TokenVariation, 'audience'>): Promise<string>;
}

/** The `iss` of each issuer. */
export function issuerUrl(name: IssuerName, project: string): string {
  switch (name) {
    case 'customer':
      return `https://securetoken.google.com/${project}`;
    case 'partner':
      return `https://partner.${project}.${internalDomain}`;
    case 'google':
      return 'https://accounts.google.com';
  }
}

/** @see TokenMint */
export function createTokenMint(options: {
  readonly keys: Readonly<Record<IssuerName, SigningKey>>;
  readonly project: string;
  readonly clock: Clock;
}): TokenMint {
  const { project, clock } = options;
  const cache = new Map<string, { readonly token: Promise<string>; readonly expiresMs: number }>();

  return {
    mintCustomerToken: ({ sub, ...variation }) =>
      sign('customer', { aud: variation.audience ?? project, sub, user_id: sub, auth_time: nowSeconds() }, variation),
    mintPartnerToken: ({ sub, ...variation }) =>
      sign('partner', { aud: variation.audience ?? audienceOf('edge', project), sub }, variation),
    mintOperatorToken: (email, variation = {}) => mintGoogleToken(email, variation.audience ?? audienceOf('edge', project), variation),
    mintIdToken,
    mintGoogleToken,
  };

  function mintIdToken(email: string, audience: string): Promise<string> {
    const key = `${email} ${audience}`;
    const cached = cache.get(key);
    if (cached !== undefined && cached.expiresMs - clock.now() >= reuseFloorMs) return cached.token;
    if (cache.size >= maxCachedTokens) cache.clear();
    const token = mintGoogleToken(email, audience);
    cache.set(key, { token, expiresMs: clock.now() + hourSeconds * 1000 });
    token.catch(() => cache.delete(key));
    return token;
  }

  function mintGoogleToken(email: string, audience: string, variation: TokenVariation = {}): Promise<string> {
    const sub = googleSubject(email);
    return sign('google', { aud: audience, azp: sub, email, email_verified: true, sub }, variation);
  }

  function sign(name: IssuerName, claims: JWTPayload, variation: TokenVariation): Promise<string> {
    const { ttlSeconds = hourSeconds, skewSeconds = 0, preview } = variation;
    const { kid, privateKey } = options.keys[name];
    const now = nowSeconds() + skewSeconds;
    const iat = now + Math.min(0, ttlSeconds - 1);
    return new SignJWT({
      iss: issuerUrl(name, project),
      ...claims,
      iat,
      ...(skewSeconds !== 0 && { nbf: iat }),
      exp: now + ttlSeconds,
      ...(preview === undefined ? {} : { kumiko_preview: { ...preview } }),
    })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .sign(privateKey);
  }

  function nowSeconds(): number {
    return Math.floor(clock.now() / 1000);
  }
}

/** A stable stand-in for the 21 digits by which Google knows an account. */
function googleSubject(email: string): string {
  const hash = createHash('sha256').update(email).digest('hex');
  return `1${(BigInt(`0x${hash}`) % 10n ** 20n).toString().padStart(20, '0')}`;
}

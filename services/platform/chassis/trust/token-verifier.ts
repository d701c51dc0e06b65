import { status } from '@grpc/grpc-js';
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { ErrorReason } from '../errors/error-reasons.ts';
import { RpcError, unavailable } from '../errors/rpc-error.ts';

/** Whose tokens are believed, and for whom they must be meant. */
export interface TrustedIssuer<T> {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  /** Who a verified token stands for. Throws an RpcError where such a token is not enough. */
  readonly subject: (claims: JWTPayload) => T;
}

/** The subject of a token: at once where the token was verified before, else a promise. */
export type VerifyToken<T> = (token: string) => T | Promise<T>;

interface Verified<T> {
  readonly subject: T;
  /** `exp` in milliseconds. */
  readonly expiresAt: number;
}

const algorithms = ['RS256', 'ES256'];
const clockToleranceSeconds = 60;
// About 10 MB of tokens.
const cacheCapacity = 10_000;

/**
 * A verifier of end users' tokens (RFC 7519) that asks the issuers' JWKS for keys. Which issuer's rules apply is told by `iss`, and then pinned with the
 * audience. A verified token is remembered to its `exp`.
 *
 * Fails with UNAUTHENTICATED for a token at fault, and UNAVAILABLE where the issuer's keys cannot be read.
 */
export function tokenVerifier<T>(issuers: readonly TrustedIssuer<T>[], now: () => number = Date.now): VerifyToken<T> {
  const byIssuer = new Map(issuers.map((trusted) => [trusted.issuer, { trusted, keys: keysOf(trusted) }]));
  const cache = new LRUCache<string, Verified<T>>({ max: cacheCapacity });

  return (token) => {
    const known = cache.get(token);
    if (known !== undefined) {
      if (now() < known.expiresAt) return known.subject;
      cache.delete(token);
    }
    return verify(token);
  };

  async function verify(token: string): Promise<T> {
    const issuer = byIssuer.get(issuerOf(token));
    if (issuer === undefined) throw unauthenticated('the token is from an issuer that is not trusted here');
    const claims = await verifiedClaims(token, issuer.trusted, issuer.keys, new Date(now()));
    const subject = issuer.trusted.subject(claims);
    cache.set(token, { subject, expiresAt: (claims.exp ?? 0) * 1_000 });
    return subject;
  }
}

/** Made with the first token: making it loads Node's whole `fetch`, which calls without a token do not need. */
function keysOf({ jwksUri }: TrustedIssuer<unknown>): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined;
  return (header, token) => {
    keys ??= createRemoteJWKSet(new URL(jwksUri));
    return keys(header, token);
  };
}

function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    throw unauthenticated('the token is not a JWT');
  }
}

async function verifiedClaims<T>(token: string, trusted: TrustedIssuer<T>, keys: JWTVerifyGetKey, currentDate: Date): Promise<JWTPayload> {
  const { issuer, audience } = trusted;
  const requiredClaims = ['sub', 'exp'];
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms,
      requiredClaims,
      clockTolerance: clockToleranceSeconds,
      currentDate,
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw unauthenticated('the token has expired', 'TOKEN_EXPIRED');
    if (isTokensFault(error)) throw unauthenticated('the token is not valid here');
    throw unavailable(`the keys of ${issuer} cannot be read`, error);
  }
}

/** Whether jose complains about the token; the rest is about fetching and reading the key set. */
function isTokensFault(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false;
  return !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC');
}

/** UNAUTHENTICATED: who calls is not proved. */
export function unauthenticated(message: string, reason: ErrorReason = 'TOKEN_INVALID'): RpcError {
  return new RpcError({ code: status.UNAUTHENTICATED, reason, message });
}

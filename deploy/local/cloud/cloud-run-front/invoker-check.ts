import type { IncomingHttpHeaders } from 'node:http2';
import { type JWTVerifyGetKey, errors as joseErrors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../shared/local-server.ts';

const removedSignature = 'SIGNATURE_REMOVED_BY_GOOGLE';
const maxCachedTokens = 1000;
/** The keys could not be fetched: a fault of the platform, which the caller must not read as a bad token. */
const keyFaults: ReadonlySet<string> = new Set([joseErrors.JOSEError.code, joseErrors.JWKSTimeout.code, joseErrors.JWKSInvalid.code]);

/** Whether a request may reach the service: true after its headers were made ready for it, else the status that Cloud Run answers. */
export type Verdict = true | 401 | 403;

/** Cloud Run's check of who invokes a service. */
interface InvokerCheck {
  /** Judges the headers and, where they pass, replaces the signature of the token that was checked. A promise only where a token is seen first. */
  admit(headers: IncomingHttpHeaders): Verdict | Promise<Verdict>;
}

/**
 * Checks the ID token in `X-Serverless-Authorization`, or in `Authorization` where the former is absent: signature, issuer, audience,
 * expiry, and that its e-mail is one of those allowed. The other header is left alone. A token that passed is remembered until it expires.
 *
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service
 */
export function createInvokerCheck(options: {
  readonly audience: string;
  readonly allowedEmails: readonly string[];
  readonly keys: JWTVerifyGetKey;
  readonly clock: Clock;
}): InvokerCheck {
  const { audience, keys, clock } = options;
  const allowed = new Set(options.allowedEmails);
  const admitted = new LRUCache<string, { readonly expiresMs: number; readonly stripped: string }>({ max: maxCachedTokens });

  return {
    admit(headers) {
      const name = headers['x-serverless-authorization'] === undefined ? 'authorization' : 'x-serverless-authorization';
      const value = headers[name];
      if (typeof value !== 'string') return 401;
      const known = admitted.get(value);
      if (known === undefined) return verify(headers, name, value);
      if (known.expiresMs <= clock.now()) {
        admitted.delete(value);
        return 401;
      }
      headers[name] = known.stripped;
      return true;
    },
  };

  async function verify(headers: IncomingHttpHeaders, name: string, value: string): Promise<Verdict> {
    const token = /^Bearer +([^\s,]+)$/i.exec(value)?.[1];
    if (token === undefined) return 401;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: ['https://accounts.google.com', 'accounts.google.com'],
        audience,
        algorithms: ['RS256'],
        requiredClaims: ['exp'],
        currentDate: new Date(clock.now()),
      });
      const { email, email_verified: verified, exp = 0 } = payload;
      if (typeof email !== 'string' || verified !== true || !allowed.has(email)) return 403;
      const stripped = `Bearer ${token.slice(0, token.lastIndexOf('.') + 1)}${removedSignature}`;
      admitted.set(value, { expiresMs: exp * 1000, stripped });
      headers[name] = stripped;
      return true;
    } catch (error) {
      if (error instanceof joseErrors.JOSEError && !keyFaults.has(error.code)) return 401;
      throw error;
    }
  }
}

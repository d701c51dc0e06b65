import { type CryptoKey, compactVerify, importJWK, type JWK } from 'jose';
import { type JwtStatus, jwtStatus } from './jwt-status.ts';
import type { JwtToken } from './jwt-token.ts';

interface Key {
  readonly jwk: JWK;
  /** Imported for each algorithm that a token named. */
  readonly imported: Map<string, Promise<CryptoKey | Uint8Array>>;
}

/** A set of verification keys. */
export class Jwks {
  readonly #keys: readonly Key[];

  private constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  /** Reads a JWKS document; undefined where it has no key that can be used. */
  static parse(text: string): Jwks | undefined {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      return undefined;
    }
    const keys = (document as { keys?: unknown } | null)?.keys;
    if (!Array.isArray(keys)) return undefined;
    const usable = keys.filter((jwk: JWK | null) => jwk !== null && ['RSA', 'EC', 'OKP', 'oct'].includes(jwk.kty ?? ''));
    return usable.length === 0 ? undefined : new Jwks(usable.map((jwk: JWK) => ({ jwk, imported: new Map() })));
  }

  /** Checks a token's signature. `kid` and `alg` are compared only where key and token both have them. */
  async verify(token: JwtToken): Promise<JwtStatus> {
    let matched = false;
    for (const key of this.#keys) {
      const { kid, alg, kty } = key.jwk;
      if (kid !== undefined && token.kid !== undefined && kid !== token.kid) continue;
      if (alg !== undefined && alg !== token.alg) continue;
      matched = true;
      // A key of another type is never tried: that would be the HS/RS confusion.
      if (kty !== keyType(token.alg)) continue;
      try {
        let imported = key.imported.get(token.alg);
        if (imported === undefined) {
          imported = importJWK(key.jwk, token.alg);
          key.imported.set(token.alg, imported);
        }
        await compactVerify(token.raw, await imported, { algorithms: [token.alg] });
        return undefined;
      } catch {
        // The next key may be the one.
      }
    }
    return matched ? jwtStatus.verification : jwtStatus.keyMismatch;
  }
}

function keyType(alg: string): string {
  if (alg.startsWith('RS') || alg.startsWith('PS')) return 'RSA';
  if (alg.startsWith('ES')) return 'EC';
  return alg.startsWith('HS') ? 'oct' : 'OKP';
}

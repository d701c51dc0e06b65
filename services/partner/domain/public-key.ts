import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import type { AssertionAlgorithm, PublicJwk } from './partner-account.ts';

/** A key as it is kept. */
export interface ReadKey {
  readonly id: string;
  readonly publicKey: PublicJwk;
  readonly algorithm: AssertionAlgorithm;
}

/** A JSON Web Key that is not taken; the message says why. */
export class PublicKeyError extends Error {
  override readonly name = 'PublicKeyError';
}

interface Kind {
  readonly algorithm: AssertionAlgorithm;
  /** What makes the key, in the order in which a thumbprint takes it. */
  readonly members: readonly string[];
}

// RFC 7518, section 6, and RFC 8037, section 2; the members are those of RFC 7638, section 3.2.
const kinds: Readonly<Record<string, Kind>> = {
  EC: { algorithm: 'ES256', members: ['crv', 'kty', 'x', 'y'] },
  RSA: { algorithm: 'RS256', members: ['e', 'kty', 'n'] },
  OKP: { algorithm: 'EdDSA', members: ['crv', 'kty', 'x'] },
};
const curves: Readonly<Record<string, string>> = { EC: 'P-256', OKP: 'Ed25519' };

// RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1.
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * Reads a partner's public key (RFC 7517). Members that do not make the key are dropped.
 *
 * @throws {PublicKeyError} for a private key, and for what is too weak or unknown.
 */
export function readPublicKey(jwk: Readonly<Record<string, unknown>>): ReadKey {
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) {
    throw new PublicKeyError('is a private key: make a new one, and send its public part only');
  }
  const kty = typeof jwk['kty'] === 'string' ? jwk['kty'] : '';
  const kind = Object.hasOwn(kinds, kty) ? kinds[kty] : undefined;
  if (kind === undefined) throw new PublicKeyError('must have the kty EC, RSA or OKP');
  const { algorithm, members } = kind;
  const curve = curves[kty];
  if (curve !== undefined && jwk['crv'] !== curve) throw new PublicKeyError(`must have the crv ${curve}`);
  if (jwk['alg'] !== undefined && jwk['alg'] !== algorithm) throw new PublicKeyError(`must have the alg ${algorithm}, or none`);
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') throw new PublicKeyError('must have the use sig, or none');
  const given = Object.fromEntries(members.map((name) => [name, String(jwk[name] ?? '')]));
  const key = importKey(given);
  if (kty === 'RSA') checkRsa(key);
  // As Node writes it, so that one key has one spelling, and one thumbprint.
  const canonical: Readonly<Record<string, unknown>> = { ...key.export({ format: 'jwk' }) };
  const publicKey = Object.fromEntries(members.map((name) => [name, String(canonical[name] ?? '')]));
  const id = createHash('sha256').update(JSON.stringify(publicKey)).digest('base64url');
  return { id, publicKey, algorithm };
}

function importKey(key: Record<string, string>): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    throw new PublicKeyError('is not a JSON Web Key of its kty');
  }
}

function checkRsa({ asymmetricKeyDetails: details }: KeyObject): void {
  const bits = details?.modulusLength ?? 0;
  if (bits < 2048 || bits > 4096) throw new PublicKeyError(`must have 2048 to 4096 bits, and has ${bits}`);
  if (details?.publicExponent !== 65_537n) throw new PublicKeyError('must have the exponent 65537 ("AQAB")');
}

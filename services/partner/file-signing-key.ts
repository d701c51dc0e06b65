import { readFile } from 'node:fs/promises';
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose';
import type { SigningKey } from './domain/signing-key.ts';

/**
 * A signing key in a file: a private JSON Web Key, RSA (RS256) or EC with P-256 (ES256). Its kid is its thumbprint.
 *
 * @throws where the file holds no such key.
 */
export async function openFileSigningKey(file: string): Promise<SigningKey> {
  const jwk = parseKey(file, await readFile(file, 'utf8'));
  const { kty, n, e, crv, x, y } = jwk;
  if (jwk.d === undefined || (kty !== 'RSA' && crv !== 'P-256')) throw new Error(`${file} holds no private key, RSA or EC with P-256`);
  const publicPart = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
  const alg = kty === 'RSA' ? 'RS256' : 'ES256';
  const kid = await calculateJwkThumbprint(publicPart as JWK);
  const privateKey = await importJWK(jwk, alg);
  return {
    publicJwk: { ...publicPart, kid, alg, use: 'sig' } as Readonly<Record<string, string>>,
    sign: (claims) => new SignJWT({ ...claims }).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(privateKey),
  };
}

function parseKey(file: string, text: string): JWK {
  try {
    return JSON.parse(text) as JWK;
  } catch {
    // JSON's own message quotes the text: a part of the key, in the log.
    throw new Error(`${file} holds no JSON Web Key`);
  }
}

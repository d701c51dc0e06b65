import { readFile } from 'node:fs/promises';
import { calculateJwkThumbprint, importJWK, SignJWT } from 'jose';
import * as z from 'zod';
import type { SigningKey } from './domain/signing-key.ts';

const privateKey = z.discriminatedUnion('kty', [
  z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string(), d: z.string() }),
  z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() }),
]);

/**
 * A signing key in a file: a private JSON Web Key, RSA (RS256) or EC with P-256 (ES256). Its kid is its thumbprint.
 *
 * @throws where the file holds no such key.
 */
export async function openFileSigningKey(file: string): Promise<SigningKey> {
  const { data: jwk } = privateKey.safeParse(parseJson(file, await readFile(file, 'utf8')));
  if (jwk === undefined) throw new Error(`${file} holds no private key, RSA or EC with P-256`);
  const publicPart = jwk.kty === 'RSA' ? { kty: jwk.kty, n: jwk.n, e: jwk.e } : { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y };
  const alg = jwk.kty === 'RSA' ? 'RS256' : 'ES256';
  const kid = await calculateJwkThumbprint(publicPart);
  const key = await importJWK(jwk, alg);
  return {
    publicJwk: { ...publicPart, kid, alg, use: 'sig' },
    sign: (claims) => new SignJWT({ ...claims }).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key),
  };
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // JSON's own message quotes the text: a part of the key, in the log.
    throw new Error(`${file} holds no JSON Web Key`);
  }
}

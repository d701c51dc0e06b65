import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import * as z from 'zod';
import { errorCode } from '../../../../services/platform/contracts/error-code.ts';

/** The issuers that the platform trusts. */
export const issuerNames = ['customer', 'partner', 'google'] as const;

/** One of the issuers. */
export type IssuerName = (typeof issuerNames)[number];

/** What one issuer signs with (RS256) and what it publishes. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** With kid, alg and use. */
  readonly publicJwk: JWK;
}

/** Loads the keys of all issuers from `directory`, and makes those that are missing (2048 bits, files of mode 0600). */
export async function loadSigningKeys(directory: string): Promise<Readonly<Record<IssuerName, SigningKey>>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const load = (name: IssuerName) => loadSigningKey(join(directory, `${name}.jwk.json`));
  const [customer, partner, google] = await Promise.all([load('customer'), load('partner'), load('google')]);
  return { customer, partner, google };
}

/** A key of RSA in a file, as far as it is looked at here. */
const keySchema = z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string() });

async function loadSigningKey(file: string): Promise<SigningKey> {
  const jwk = (await readJwk(file)) ?? (await makeJwk(file));
  const publicJwk = { kty: jwk.kty, n: jwk.n, e: jwk.e };
  const kid = await calculateJwkThumbprint(publicJwk);
  return { kid, privateKey: (await importJWK(jwk, 'RS256')) as CryptoKey, publicJwk: { ...publicJwk, kid, alg: 'RS256', use: 'sig' } };
}

async function readJwk(file: string) {
  try {
    return keySchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new Error(`${file} holds no signing key; remove it to have a new one made`, { cause: error });
  }
}

async function makeJwk(file: string) {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const jwk = keySchema.parse(await exportJWK(privateKey));
  // Renamed into place, so that a process killed here leaves no half key behind.
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(jwk), { mode: 0o600 });
  await rename(unfinished, file);
  return jwk;
}

import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import { PublicKeyError, readPublicKey } from './public-key.ts';

type Jwk = Record<string, unknown>;

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const jwk = ({ publicKey }: { publicKey: { export(options: { format: 'jwk' }): object } }) => publicKey.export({ format: 'jwk' }) as Jwk;

describe('a public key', () => {
  test.each([
    ['ES256', jwk(ec)],
    ['RS256', jwk(rsa)],
    ['EdDSA', jwk(ed)],
  ])('for %s is kept by its thumbprint, without what does not make the key', async (algorithm, key) => {
    expect(readPublicKey({ ...key, kid: 'mine', use: 'sig', alg: algorithm, x5c: ['…'] })).toEqual({
      id: await calculateJwkThumbprint(key),
      publicKey: key,
      algorithm,
    });
  });

  test('has one thumbprint however it is spelt', () => {
    const key = jwk(rsa);
    // Base64url of the same number with a leading zero byte.
    const padded = Buffer.concat([Buffer.alloc(1), Buffer.from(String(key['n']), 'base64url')]).toString('base64url');
    expect(readPublicKey({ ...key, n: padded }).id).toBe(readPublicKey(key).id);
  });
});

describe('is refused', () => {
  const short = jwk(generateKeyPairSync('rsa', { modulusLength: 1024 }));
  const exponent = jwk(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }));
  const otherCurve = jwk(generateKeyPairSync('ec', { namedCurve: 'P-384' }));
  const agreement = jwk(generateKeyPairSync('x25519'));
  test.each<[string, Jwk, string]>([
    ['a private key', ec.privateKey.export({ format: 'jwk' }) as Jwk, 'is a private key'],
    ['a secret', { kty: 'oct', k: 'c2VjcmV0' }, 'is a private key'],
    ['no key', {}, 'must have the kty EC, RSA or OKP'],
    ['a kty of the prototype', { kty: 'constructor' }, 'must have the kty'],
    ['a short RSA key', short, 'must have 2048 to 4096 bits, and has 1024'],
    ['a low exponent', exponent, 'must have the exponent 65537'],
    ['another curve', otherCurve, 'must have the crv P-256'],
    ['a key for agreement', agreement, 'must have the crv Ed25519'],
    ['a point that is on no curve', { ...jwk(ec), x: jwk(ec)['y'] }, 'is not a JSON Web Key of its kty'],
    ['a key for another alg', { ...jwk(rsa), alg: 'PS256' }, 'must have the alg RS256'],
    ['a key for encryption', { ...jwk(rsa), use: 'enc' }, 'must have the use sig'],
  ])('%s', (_, key, message) => {
    expect(() => readPublicKey(key)).toThrow(PublicKeyError);
    expect(() => readPublicKey(key)).toThrow(message);
  });
});

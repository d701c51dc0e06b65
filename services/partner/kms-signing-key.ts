import { base64url, calculateJwkThumbprint, compactVerify, exportJWK, importSPKI } from 'jose';
import type { KmsKey } from '../platform/cloud/kms/kms-key.ts';
import type { SigningKey } from './domain/signing-key.ts';

/** The purposes of Cloud KMS keys that both gateways and services take (https://docs.cloud.google.com/kms/docs/algorithms). */
const algorithms: Readonly<Record<string, 'RS256' | 'ES256'>> = {
  RSA_SIGN_PKCS1_2048_SHA256: 'RS256',
  RSA_SIGN_PKCS1_3072_SHA256: 'RS256',
  RSA_SIGN_PKCS1_4096_SHA256: 'RS256',
  EC_SIGN_P256_SHA256: 'ES256',
};

/**
 * A signing key in Cloud KMS. Its kid is its thumbprint.
 *
 * @throws where the key is of another algorithm.
 */
export async function openKmsSigningKey(key: KmsKey): Promise<SigningKey> {
  const alg = algorithms[key.algorithm];
  if (alg === undefined) throw new Error(`${key.version} is ${key.algorithm}: use one of ${Object.keys(algorithms).join(', ')}`);
  const publicKey = await importSPKI(key.publicKeyPem, alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const header = base64url.encode(JSON.stringify({ alg, kid, typ: 'JWT' }));
  return {
    publicJwk: { ...(jwk as Readonly<Record<string, string>>), kid, alg, use: 'sig' },
    async sign(claims) {
      // jose signs with keys that it holds only.
      const content = `${header}.${base64url.encode(JSON.stringify(claims))}`;
      const token = `${content}.${base64url.encode(await key.sign(new TextEncoder().encode(content)))}`;
      // Damage on the way to the key or back shows here, and not at the gateway.
      await compactVerify(token, publicKey);
      return token;
    },
  };
}

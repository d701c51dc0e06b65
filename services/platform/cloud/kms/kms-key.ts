import { createHash } from 'node:crypto';
import { holdToken } from '../identity/held-token.ts';
import { fetchAccessToken } from '../identity/service-account.ts';

/** A version of an asymmetric signing key in Cloud KMS. The private key never leaves it. */
export interface KmsKey {
  /** `projects/…/cryptoKeyVersions/N`. */
  readonly version: string;
  /** As Cloud KMS names it, such as "EC_SIGN_P256_SHA256". */
  readonly algorithm: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKeyPem: string;
  /** Signs the SHA-256 of `data`. An ECDSA signature is r and s one after the other, as JSON Web Signatures have it. @throws where Cloud KMS does not answer. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

const timeoutMs = 5_000;

/**
 * Opens a key version, with the process' service account from the metadata server. Plain REST: the client library would be one more for two calls
 * (https://docs.cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys.cryptoKeyVersions).
 *
 * @throws where Cloud KMS does not answer, or refuses.
 */
export async function openKmsKey(version: string, endpoint = 'https://cloudkms.googleapis.com'): Promise<KmsKey> {
  const authorization = holdToken(fetchAccessToken);

  async function call(path: string, body?: object): Promise<Readonly<Record<string, string>>> {
    const response = await fetch(`${endpoint}/v1/${version}${path}`, {
      headers: { authorization: await authorization(), ...(body !== undefined && { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    // Google's error says what is missing, and holds nothing of ours.
    if (!response.ok) throw new Error(`Cloud KMS answers ${response.status} for ${version}${path}: ${await response.text()}`);
    return response.json() as Promise<Readonly<Record<string, string>>>;
  }

  const { pem = '', algorithm = '' } = await call('/publicKey');
  return {
    version,
    algorithm,
    publicKeyPem: pem,
    async sign(data) {
      const digest = { sha256: createHash('sha256').update(data).digest('base64') };
      const { signature = '' } = await call(':asymmetricSign', { digest });
      const bytes = Buffer.from(signature, 'base64');
      return algorithm === 'EC_SIGN_P256_SHA256' ? joinedSignature(bytes, 32) : bytes;
    },
  };
}

/** The r and s of an Ecdsa-Sig-Value in DER (RFC 3279, section 2.2.3), `size` bytes each (RFC 7518, section 3.4). */
function joinedSignature(der: Buffer, size: number): Uint8Array {
  const joined = Buffer.alloc(2 * size);
  // Behind the tag and the length of the sequence, which is one byte for curves of this size.
  let at = 2;
  for (const end of [size, 2 * size]) {
    const length = der[at + 1] ?? 0;
    const integer = der.subarray(at + 2, at + 2 + length);
    // A leading zero keeps the integer positive.
    const digits = integer.subarray(Math.max(0, length - size));
    digits.copy(joined, end - digits.length);
    at += 2 + length;
  }
  return joined;
}

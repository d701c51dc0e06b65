import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importJWK, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startMetadataServer } from '../../deploy/local/cloud/metadata-server/metadata-server.ts';
import { type LocalServer, systemClock } from '../../deploy/local/shared/local-server.ts';
import { openKmsKey } from '../platform/cloud/kms/kms-key.ts';
import type { SigningKey } from './domain/signing-key.ts';
import { openKmsSigningKey } from './kms-signing-key.ts';

const versionOf = (key: string) => `projects/kumiko-test/locations/asia-northeast1/keyRings/kumiko/cryptoKeys/${key}/cryptoKeyVersions/1`;
const versions: Readonly<Record<string, { algorithm: string; publicKey: KeyObject; privateKey: KeyObject }>> = {
  [versionOf('ec')]: { algorithm: 'EC_SIGN_P256_SHA256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  [versionOf('rsa')]: { algorithm: 'RSA_SIGN_PKCS1_2048_SHA256', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) },
  [versionOf('pss')]: { algorithm: 'RSA_SIGN_PSS_2048_SHA256', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) },
};

let kms: Server;
let metadata: LocalServer;
let endpoint: string;
/** What is about to be signed: Node signs no digests, which is all that Cloud KMS is sent. */
let content: Uint8Array;
/** Changes the signature on its way. */
let damage: (signature: Buffer) => Buffer;

/** The two methods of Cloud KMS that we call. */
async function answer(request: IncomingMessage): Promise<[number, object]> {
  const [, name = '', method] = /^\/v1\/(.*?)(\/publicKey|:asymmetricSign)$/.exec(request.url ?? '') ?? [];
  const version = versions[name];
  if (!/^Bearer .+/.test(request.headers.authorization ?? '')) return [401, { error: { code: 401, message: 'no credentials' } }];
  if (version === undefined) return [404, { error: { code: 404, message: 'no such version' } }];
  const { algorithm, publicKey, privateKey } = version;
  if (method === '/publicKey') return [200, { name, algorithm, pem: publicKey.export({ format: 'pem', type: 'spki' }) }];
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { digest } = JSON.parse(Buffer.concat(chunks).toString()) as { digest: { sha256: string } };
  if (digest.sha256 !== createHash('sha256').update(content).digest('base64'))
    return [400, { error: { code: 400, message: 'another digest' } }];
  return [200, { name, signature: damage(sign('sha256', content, privateKey)).toString('base64') }];
}

beforeAll(async () => {
  const email = 'kumiko-partner@kumiko-test.iam.gserviceaccount.com';
  metadata = await startMetadataServer({ port: 0, project: 'kumiko-test', email, clock: systemClock, mintIdToken: async () => '' });
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${metadata.port}`);
  kms = createServer(async (request, response) => {
    const [code, body] = await answer(request);
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => kms.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(kms.address() as AddressInfo).port}`;
});

beforeEach(() => {
  damage = (signature) => signature;
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await metadata?.close();
  kms?.closeAllConnections();
  kms?.close();
});

async function open(name: string): Promise<SigningKey> {
  const key = await openKmsKey(versionOf(name), endpoint);
  return openKmsSigningKey({
    ...key,
    sign(data) {
      content = data;
      return key.sign(data);
    },
  });
}

const claims = { iss: 'https://partner.kumiko.example', aud: 'edge', sub: 'acme', iat: 1_800_000_000, exp: 1_800_000_900, jti: 'x' };

test.each([
  ['ec', 'ES256'],
  ['rsa', 'RS256'],
])('a token of the key "%s" verifies with the key that is published for it', async (name, alg) => {
  const key = await open(name);
  expect(key.publicJwk).toMatchObject({ alg, use: 'sig', kid: expect.stringMatching(/^[\w-]{43}$/) });
  expect(key.publicJwk).not.toHaveProperty('d');
  const publicKey = await importJWK(key.publicJwk);
  // An ECDSA signature in DER is shorter where r or s begins with zeros: one in 128.
  for (let repetition = 0; repetition < 400; repetition++) {
    const token = await key.sign({ ...claims, jti: String(repetition) });
    if (repetition > 0) continue;
    const verified = await jwtVerify(token, publicKey, { currentDate: new Date(claims.iat * 1000) });
    expect(verified.payload).toEqual({ ...claims, jti: '0' });
    expect(verified.protectedHeader).toEqual({ alg, kid: key.publicJwk['kid'], typ: 'JWT' });
  }
});

test('a damaged signature is not handed out', async () => {
  const key = await open('rsa');
  damage = (signature) => Buffer.from(signature.map((byte, index) => (index === 9 ? byte ^ 1 : byte)));
  await expect(key.sign(claims)).rejects.toThrow('signature verification failed');
});

test('a key of another algorithm is refused by name', async () => {
  await expect(open('pss')).rejects.toThrow(/pss\/cryptoKeyVersions\/1 is RSA_SIGN_PSS_2048_SHA256: use one of RSA_SIGN_PKCS1_2048_SHA256/);
});

test('what Cloud KMS refuses is told with its own words', async () => {
  await expect(open('gone')).rejects.toThrow(/Cloud KMS answers 404 for projects.*\/publicKey: .*no such version/);
});

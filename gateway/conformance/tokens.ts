import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { TokenSpec } from './conformance-case.ts';

/** The project of the bootstrap under test. */
export const project = 'kumiko-local';

const identities = {
  customer: { iss: `https://securetoken.google.com/${project}`, aud: project, sub: 'alice' },
  partner: { iss: `https://partner.${project}.kumiko.internal`, aud: `https://edge.${project}.kumiko.internal`, sub: 'acme' },
  operator: {
    iss: 'https://accounts.google.com',
    aud: `https://edge.${project}.kumiko.internal`,
    sub: '1',
    email: 'operator@kumiko.example',
    email_verified: true,
  },
  trigger: {
    iss: 'https://accounts.google.com',
    aud: `https://jobs.${project}.kumiko.internal`,
    sub: '2',
    email: `kumiko-tasks@${project}.iam.gserviceaccount.com`,
    email_verified: true,
  },
  lab: { iss: 'https://lab.example', aud: 'lab', sub: 'lee' },
};

const hmacSecret = Buffer.from('a secret of thirty-two bytes....');

/** Signs tokens and serves their keys; also stands in for the metadata server. */
export interface TokenAuthority {
  readonly port: number;
  /** Times that keys were fetched. */
  readonly keyFetches: number;
  token(spec: TokenSpec): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts an authority on a free port: `/jwks.json` with an RSA key, `/all/jwks.json` with one of every kind, and the identity path of the metadata
 * server.
 */
export async function startTokenAuthority(): Promise<TokenAuthority> {
  const own = await generateKeyPair('RS256', { extractable: true });
  const other = await generateKeyPair('RS256', { extractable: true });
  const ownJwk = { ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'RS256', use: 'sig' };
  const jwks = JSON.stringify({ keys: [ownJwk] });
  const pem = await exportSPKI(own.publicKey);
  const signers = new Map<string, { key: CryptoKey | Uint8Array; kid: string }>([
    ['RS256', { key: own.privateKey, kid: 'own' }],
    ['HS256', { key: hmacSecret, kid: 'HS256' }],
  ]);
  const allKeys: JWK[] = [ownJwk, { kty: 'oct', k: hmacSecret.toString('base64url'), kid: 'HS256', alg: 'HS256' }];
  for (const algorithm of ['ES256', 'PS256', 'EdDSA']) {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    signers.set(algorithm, { key: pair.privateKey, kid: algorithm });
    allKeys.push({ ...(await exportJWK(pair.publicKey)), kid: algorithm, alg: algorithm, use: 'sig' });
  }
  const allJwks = JSON.stringify({ keys: allKeys });
  const sign = (claims: Record<string, unknown>, key: CryptoKey | Uint8Array, kid: string, alg = 'RS256') =>
    new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key);
  let keyFetches = 0;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://authority');
    if (url.pathname.endsWith('jwks.json')) {
      keyFetches++;
      response.writeHead(200, { 'content-type': 'application/json' }).end(url.pathname.startsWith('/all/') ? allJwks : jwks);
      return;
    }
    const seconds = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'https://accounts.google.com',
      aud: url.searchParams.get('audience'),
      sub: 'gateway',
      iat: seconds,
      exp: seconds + 3600,
    };
    response.writeHead(200, { 'metadata-flavor': 'Google' }).end(await sign(claims, own.privateKey, 'own'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get keyFetches() {
      return keyFetches;
    },
    token: async ({ as, claims: changes = {}, expiresIn = 3600, signature, algorithm = 'RS256', kid }) => {
      const seconds = Math.floor(Date.now() / 1000);
      const claims: Record<string, unknown> = { ...identities[as], iat: seconds, exp: seconds + expiresIn, ...changes };
      for (const [name, value] of Object.entries(changes)) if (value === null) delete claims[name];
      if (signature === 'none') return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
      if (signature === 'hmac-with-public-key') {
        const input = `${part({ alg: 'HS256', kid: kid ?? 'own', typ: 'JWT' })}.${part(claims)}`;
        const key = createPublicKey(pem).export({ type: 'spki', format: 'pem' });
        return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
      }
      const signer = signers.get(algorithm)!;
      const token = await sign(claims, signature === 'other-key' ? other.privateKey : signer.key, kid ?? signer.kid, algorithm);
      if (signature === 'removed-by-google') return `${token.slice(0, token.lastIndexOf('.'))}.SIGNATURE_REMOVED_BY_GOOGLE`;
      return signature === 'garbled' ? `${token.slice(0, -8)}AAAAAAAA` : token;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

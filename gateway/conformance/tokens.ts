import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
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
};

/** Signs tokens and serves their keys; also stands in for the metadata server. */
export interface TokenAuthority {
  readonly port: number;
  token(spec: TokenSpec): Promise<string>;
  close(): Promise<void>;
}

/** Starts an authority on a free port: `/jwks.json` and the identity path of the metadata server. */
export async function startTokenAuthority(): Promise<TokenAuthority> {
  const own = await generateKeyPair('RS256', { extractable: true });
  const other = await generateKeyPair('RS256', { extractable: true });
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'RS256', use: 'sig' }] });
  const pem = await exportSPKI(own.publicKey);
  const sign = (claims: Record<string, unknown>, key = own.privateKey, kid = 'own') =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' }).sign(key);
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://authority');
    if (url.pathname.endsWith('jwks.json')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(jwks);
      return;
    }
    const seconds = Math.floor(Date.now() / 1000);
    const token = await sign({
      iss: 'https://accounts.google.com',
      aud: url.searchParams.get('audience'),
      sub: 'gateway',
      iat: seconds,
      exp: seconds + 3600,
    });
    response.writeHead(200, { 'metadata-flavor': 'Google' }).end(token);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    token: async ({ as, claims: changes = {}, expiresIn = 3600, signature, kid = 'own' }) => {
      const seconds = Math.floor(Date.now() / 1000);
      const claims: Record<string, unknown> = { ...identities[as], iat: seconds, exp: seconds + expiresIn, ...changes };
      for (const [name, value] of Object.entries(changes)) if (value === null) delete claims[name];
      if (signature === 'none') return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
      if (signature === 'hmac-with-public-key') {
        const input = `${part({ alg: 'HS256', kid, typ: 'JWT' })}.${part(claims)}`;
        const key = createPublicKey(pem).export({ type: 'spki', format: 'pem' });
        return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
      }
      const token = await sign(claims, signature === 'other-key' ? other.privateKey : own.privateKey, kid);
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

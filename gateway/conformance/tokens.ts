import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { TokenHolder, TokenSpec } from './conformance-case.ts';
import { answerIdentity, type IdentityTokens } from './metadata-server.ts';

/** The project of the bootstrap under test. */
export const project = 'kumiko-local';

const google = (target: 'edge' | 'jobs', sub: string, email: string) => ({
  iss: 'https://accounts.google.com',
  aud: `https://${target}.${project}.kumiko.internal`,
  sub,
  email,
  email_verified: true,
});

const identities: Readonly<Record<TokenHolder, Readonly<Record<string, unknown>>>> = {
  customer: { iss: `https://securetoken.google.com/${project}`, aud: project, sub: 'alice' },
  partner: { iss: `https://partner.${project}.kumiko.internal`, aud: `https://edge.${project}.kumiko.internal`, sub: 'acme' },
  operator: google('edge', '1', 'operator@kumiko.example'),
  queue: google('jobs', '2', `kumiko-tasks@${project}.iam.gserviceaccount.com`),
  subscription: google('jobs', '3', `kumiko-pubsub@${project}.iam.gserviceaccount.com`),
  schedule: google('jobs', '4', `kumiko-scheduler@${project}.iam.gserviceaccount.com`),
};

/** Signs tokens and serves their keys; also stands in for the metadata server. */
export interface TokenAuthority {
  readonly port: number;
  token(spec: TokenSpec): Promise<string>;
  /** The gateway's own tokens. */
  readonly identityToken: IdentityTokens;
  close(): Promise<void>;
}

/** Starts an authority on a free port: `/jwks.json` with a key of each kind that issuers have, and the identity path of the metadata server. */
export async function startTokenAuthority(): Promise<TokenAuthority> {
  const [rsa, otherRsa, ec] = await Promise.all(
    (['RS256', 'RS256', 'ES256'] as const).map((algorithm) => generateKeyPair(algorithm, { extractable: true })),
  );
  const keys = [
    { ...(await exportJWK(rsa!.publicKey)), kid: 'own', alg: 'RS256', use: 'sig' },
    { ...(await exportJWK(ec!.publicKey)), kid: 'ES256', alg: 'ES256', use: 'sig' },
  ];
  const jwks = JSON.stringify({ keys });
  const pem = await exportSPKI(rsa!.publicKey);
  const sign = (claims: Record<string, unknown>, key: CryptoKey, kid: string, alg = 'RS256') =>
    new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key);

  const identityToken = (audience: string) => {
    const seconds = Math.floor(Date.now() / 1000);
    const claims = { iss: 'https://accounts.google.com', aud: audience, sub: 'gateway', iat: seconds, exp: seconds + 3600 };
    return sign(claims, rsa!.privateKey, 'own');
  };

  async function token({ as, claims: changes = {}, expiresIn = 3600, signature, algorithm = 'RS256', kid }: TokenSpec): Promise<string> {
    const seconds = Math.floor(Date.now() / 1000);
    const claims: Record<string, unknown> = { ...identities[as], iat: seconds, exp: seconds + expiresIn, ...changes };
    for (const [name, value] of Object.entries(changes)) if (value === null) delete claims[name];
    if (signature === 'none') return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
    if (signature === 'hmac-with-public-key') {
      const input = `${part({ alg: 'HS256', kid: kid ?? 'own', typ: 'JWT' })}.${part(claims)}`;
      const key = createPublicKey(pem).export({ type: 'spki', format: 'pem' });
      return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
    }
    const own = algorithm === 'RS256' ? { key: rsa!.privateKey, kid: 'own' } : { key: ec!.privateKey, kid: 'ES256' };
    const signed = await sign(claims, signature === 'other-key' ? otherRsa!.privateKey : own.key, kid ?? own.kid, algorithm);
    if (signature === 'removed-by-google') return `${signed.slice(0, signed.lastIndexOf('.'))}.SIGNATURE_REMOVED_BY_GOOGLE`;
    if (signature === 'spaced') return `${signed.slice(0, -100)} ${signed.slice(-100)}`;
    return signature === 'garbled' ? `${signed.slice(0, -8)}AAAAAAAA` : signed;
  }

  const server = createServer((request, response) => {
    if (request.url?.endsWith('jwks.json') === true) response.writeHead(200, { 'content-type': 'application/json' }).end(jwks);
    else void answerIdentity(request, response, identityToken);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    token,
    identityToken,
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

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** An issuer with one key, as customers', partners' and Google's are to a service: a JWKS over HTTP. */
export interface TestIssuer {
  readonly jwksUri: string;
  /** How often the keys were asked for. */
  readonly reads: () => number;
  /** Valid for an hour unless the claims say else. */
  sign(claims: JWTPayload): Promise<string>;
  close(): Promise<void>;
}

/** Starts an issuer on a free port. */
export async function startTestIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const key = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256' };
  let reads = 0;
  const server = createServer((_, response) => {
    reads += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [key] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    reads: () => reads,
    sign: (claims) => {
      const now = Math.floor(Date.now() / 1_000);
      return new SignJWT({ iat: now, exp: now + 3_600, ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(privateKey);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

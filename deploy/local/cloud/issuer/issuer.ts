import { join } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import { type JsonRoute, startJsonServer } from '../../shared/http/json-server.ts';
import type { Clock, LocalServer } from '../../shared/local-server.ts';
import { type IssuerName, issuerNames, loadSigningKeys } from './signing-keys.ts';
import { createTokenMint, issuerUrl, type TokenMint } from './token-mint.ts';
import { mintRequestedToken, tokenRequestSchema } from './token-request.ts';

/** The identity issuer: stands for Identity Platform, the partner token endpoint and Google's accounts. */
export interface Issuer extends LocalServer, TokenMint {
  /** What `/{name}/jwks.json` serves. */
  jwks(name: IssuerName): JSONWebKeySet;
}

/**
 * Starts the identity issuer. It serves `/{customer,partner,google}/jwks.json`, `/{…}/.well-known/openid-configuration`, and for people
 * and tests `POST /token` (see token-request.ts) which answers `{"token"}`. Its keys live in `stateDir`, so tokens outlive a restart.
 */
export async function startIssuer(options: {
  readonly port: number;
  readonly stateDir: string;
  readonly project: string;
  readonly clock: Clock;
}): Promise<Issuer> {
  const { project } = options;
  const keys = await loadSigningKeys(join(options.stateDir, 'issuer'));
  const mint = createTokenMint({ keys, project, clock: options.clock });
  const jwks = (name: IssuerName): JSONWebKeySet => ({ keys: [keys[name].publicJwk] });

  const server = await startJsonServer({
    port: options.port,
    routes: [
      ...issuerNames.flatMap((name) => publicRoutes(name)),
      {
        method: 'POST',
        path: '/token',
        handle: async (request) => {
          const token = await mintRequestedToken(mint, project, request.json(tokenRequestSchema));
          return { status: 200, body: { token } };
        },
      },
    ],
  });
  return { ...mint, jwks, port: server.port, close: server.close };

  function publicRoutes(name: IssuerName): JsonRoute[] {
    return [
      { method: 'GET', path: `/${name}/jwks.json`, handle: () => ({ status: 200, body: jwks(name) }) },
      {
        method: 'GET',
        path: `/${name}/.well-known/openid-configuration`,
        handle: (request) => ({
          status: 200,
          body: {
            issuer: issuerUrl(name, project),
            jwks_uri: `http://${request.headers.host}/${name}/jwks.json`,
            response_types_supported: ['id_token'],
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: ['RS256'],
          },
        }),
      },
    ];
  }
}

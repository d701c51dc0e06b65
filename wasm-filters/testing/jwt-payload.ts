import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { any, type JsonObject } from '../../gateway/bootstrap/json.ts';

/** Signs tokens, and has jwt_authn leave their payloads in the dynamic metadata. */
export interface TokenIssuer {
  /** One provider for each name, told apart by the issuer; a request without a token passes. */
  readonly filter: JsonObject;
  /** The value of an authorization header. `provider` is one of the names. */
  bearer(provider: string, claims: object): Promise<string>;
}

export async function tokenIssuer(providers: readonly string[]): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] };
  const provider = (name: string): JsonObject => ({
    issuer: name,
    local_jwks: { inline_string: JSON.stringify(keys) },
    payload_in_metadata: name,
    forward: true,
  });
  const requirements = [...providers.map((name) => ({ provider_name: name })), { allow_missing: {} }];
  return {
    filter: {
      name: 'envoy.filters.http.jwt_authn',
      typed_config: any('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
        providers: Object.fromEntries(providers.map((name) => [name, provider(name)])),
        rules: [{ match: { prefix: '/' }, requires: { requires_any: { requirements } } }],
      }),
    },
    bearer: async (name, claims) => {
      const token = new SignJWT({ ...claims, iss: name }).setProtectedHeader({ alg: 'ES256', kid: 'k' }).setExpirationTime('1h');
      return `Bearer ${await token.sign(privateKey)}`;
    },
  };
}

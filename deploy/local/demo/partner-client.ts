/**
 * How a partner's system gets in: it makes a key, an operator adds the public part, and from then on it exchanges what it signs for tokens.
 *
 *     node deploy/local/demo/partner-client.ts [STATE_DIR]     against the platform of `npm start`
 *
 * Everything but `registerAsOperator` is what a partner runs, with jose and fetch only.
 */
import { randomUUID } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A partner's key. Only the public part leaves the partner's house. */
interface PartnerClientKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** Makes a key for ES256. */
export async function makePartnerKey(): Promise<PartnerClientKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const publicJwk = await exportJWK(publicKey);
  return { kid: await calculateJwkThumbprint(publicJwk), privateKey, publicJwk };
}

/** Signs an assertion (RFC 7523): who the partner is, for the token endpoint only, good for a minute and for once. */
export function signAssertion(key: PartnerClientKey, partner: string, tokenEndpoint: string): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: key.kid })
    .setIssuer(partner)
    .setSubject(partner)
    .setAudience(tokenEndpoint)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key.privateKey);
}

/** Exchanges an assertion for a token (RFC 6749, section 4.4). */
export function requestToken(tokenEndpoint: string, assertion: string): Promise<Response> {
  return fetch(tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
  });
}

/** Lists the partner's deals. */
export async function listDeals(edge: string, token: string): Promise<{ readonly deals?: readonly { readonly name: string }[] }> {
  const response = await fetch(`${edge}/v1/partner/deals`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`GET /v1/partner/deals: HTTP ${response.status} ${await response.text()}`);
  return (await response.json()) as { deals?: { name: string }[] };
}

/** What an operator does for a partner, once. */
export async function registerAsOperator(edge: string, operatorToken: string, partner: string, publicJwk: JWK): Promise<void> {
  const post = async (path: string, body: object) => {
    const response = await fetch(`${edge}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: HTTP ${response.status} ${await response.text()}`);
  };
  await post(`/v1/operator/partners?partner_id=${partner}`, { displayName: partner });
  await post(`/v1/operator/partners/${partner}/keys`, { publicKey: publicJwk });
}

if (import.meta.main) {
  const [{ defaultStateDir }, { runningEndpoints }, { devToken }, { operatorEmail }] = await Promise.all([
    import('../platform/state-dir.ts'),
    import('../platform/endpoints.ts'),
    import('../platform/dev-token.ts'),
    import('../platform/place.ts'),
  ]);
  const endpoints = runningEndpoints(process.argv[2] ?? defaultStateDir);
  if (endpoints === undefined) {
    process.stderr.write('The platform is not running. Start it with "npm start".\n');
    process.exit(1);
  }
  const { edge } = endpoints;
  const partner = `partner-${randomUUID().slice(0, 8)}`;
  const tokenEndpoint = `${edge}/v1/partner/token`;
  const key = await makePartnerKey();
  await registerAsOperator(edge, await devToken(endpoints, 'operator', operatorEmail), partner, key.publicJwk);
  process.stdout.write(`registered  partners/${partner} with key ${key.kid}\n`);

  const assertion = await signAssertion(key, partner, tokenEndpoint);
  const answer = await requestToken(tokenEndpoint, assertion);
  const { access_token: token, expires_in: seconds } = (await answer.json()) as { access_token: string; expires_in: number };
  process.stdout.write(`exchanged   an assertion for a token of ${seconds} s\n`);
  process.stdout.write(`listed      ${(await listDeals(edge, token)).deals?.length ?? 0} deals of its own\n`);
  const again = await requestToken(tokenEndpoint, assertion);
  process.stdout.write(`repeated    the same assertion: HTTP ${again.status}\n`);
}

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRemoteJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { listDeals, makePartnerKey, registerAsOperator, requestToken, signAssertion } from '../deploy/local/demo/partner-client.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { createClient } from '../services/platform/contracts/client.ts';
import { PartnerTokenService } from '../services/platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { usePlatform } from './test-platform.ts';

const test = usePlatform();
const root = join(import.meta.dirname, '..');
const edge = () => test.platform.endpoints.edge;
const tokenEndpoint = () => `${edge()}/v1/partner/token`;
const issuer = 'https://partner.kumiko-local.kumiko.internal';

async function operate(method: string, path: string, body?: object) {
  const token = await devToken(test.platform.endpoints, 'operator', operatorEmail);
  const response = await fetch(`${edge()}/v1/operator/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function registered() {
  const partner = `partner-${randomUUID()}`;
  const key = await makePartnerKey();
  await registerAsOperator(edge(), await devToken(test.platform.endpoints, 'operator', operatorEmail), partner, key.publicJwk);
  return { partner, key };
}

/** A refusal tells nothing but that it is one. */
const invalidClient = {
  status: 401,
  body: {
    code: 16,
    message: 'invalid_client: the client is not known, or its assertion does not hold',
    details: [{ reason: 'INVALID_CLIENT', domain: 'kumiko.example', metadata: { error: 'invalid_client' } }],
  },
};

async function exchange(assertion: string) {
  const response = await requestToken(tokenEndpoint(), assertion);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('a partner whose key an operator has added', () => {
  it('exchanges an assertion for a token that every method of a partner takes, over REST and gRPC', async () => {
    const { partner, key } = await registered();
    const response = await requestToken(tokenEndpoint(), await signAssertion(key, partner, tokenEndpoint()));
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const answer = (await response.json()) as { access_token: string };
    expect(answer).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900 });
    expect(await listDeals(edge(), answer.access_token)).toEqual({});
    const { iat, exp, ...claims } = decodeJwt(answer.access_token);
    expect(claims).toEqual({ iss: issuer, aud: 'https://edge.kumiko-local.kumiko.internal', sub: partner, jti: expect.any(String) });
    expect(exp! - iat!).toBe(900);

    const client = createClient(PartnerTokenService, { url: edge() });
    try {
      const body = { grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };
      const assertion = await signAssertion(key, partner, issuer);
      const data = Buffer.from(JSON.stringify({ ...body, client_assertion: assertion }));
      const { accessToken } = await client.exchangeToken({ form: { contentType: 'application/json', data } });
      expect(await listDeals(edge(), accessToken)).toEqual({});
    } finally {
      client.close();
    }
  });

  it('is verified with the keys that the edge publishes, as are the tokens of the local issuer', async () => {
    const { partner, key } = await registered();
    const { body } = await exchange(await signAssertion(key, partner, tokenEndpoint()));
    const published = await fetch(`${edge()}/v1/partner/jwks.json`);
    expect(published.headers.get('content-type')).toBe('application/json');
    expect(published.headers.get('cache-control')).toBe('public, max-age=5');
    const ofIssuer = await fetch(`${test.platform.endpoints.issuer}/partner/jwks.json`);
    expect(await published.json()).toEqual(await ofIssuer.json());
    const keys = createRemoteJWKSet(new URL(`${edge()}/v1/partner/jwks.json`));
    for (const token of [body['access_token'] as string, await devToken(test.platform.endpoints, 'partner', partner)]) {
      expect((await jwtVerify(token, keys, { issuer, subject: partner })).protectedHeader).toMatchObject({
        alg: 'RS256',
        kid: expect.any(String),
      });
    }
  });

  it('uses an assertion once, however many ask at the same time', async () => {
    const { partner, key } = await registered();
    const assertion = await signAssertion(key, partner, tokenEndpoint());
    const answers = await Promise.all([1, 2, 3, 4].map(() => exchange(assertion)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    expect(await exchange(assertion)).toMatchObject(invalidClient);
  });

  it('gets no token while it is suspended, nor with a key that was revoked', async () => {
    const { partner, key } = await registered();
    const attempt = async () => exchange(await signAssertion(key, partner, tokenEndpoint()));
    expect((await operate('POST', `partners/${partner}:suspend`, {})).body['state']).toBe('STATE_SUSPENDED');
    expect(await attempt()).toMatchObject(invalidClient);
    expect((await operate('POST', `partners/${partner}:reinstate`, {})).body['state']).toBe('STATE_ACTIVE');
    expect((await attempt()).status).toBe(200);
    const { body } = await operate('GET', `partners/${partner}/keys`);
    expect(body).toMatchObject({ keys: [{ name: `partners/${partner}/keys/${key.kid}`, algorithm: 'ES256', publicKey: key.publicJwk }] });
    expect((await operate('POST', `partners/${partner}/keys/${key.kid}:revoke`, {})).status).toBe(200);
    expect(await attempt()).toMatchObject(invalidClient);
  });
});

it('has an example to start from', async () => {
  const program = join(root, 'deploy/local/demo/partner-client.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, test.stateDir]);
  expect(stdout).toMatch(
    /^registered {2}partners\/partner-[0-9a-f]{8} with key [\w-]{43}\nexchanged {3}an assertion for a token of 900 s\nlisted {6}0 deals of its own\nrepeated {4}the same assertion: HTTP 401\n$/,
  );
});

describe('an assertion is refused', () => {
  it('of a partner that nobody registered, and by a key of another partner', async () => {
    const [acme, other] = [await registered(), await registered()];
    expect(await exchange(await signAssertion(acme.key, `nobody-${randomUUID()}`, tokenEndpoint()))).toMatchObject(invalidClient);
    expect(await exchange(await signAssertion(acme.key, other.partner, tokenEndpoint()))).toMatchObject(invalidClient);
  });

  it('that is meant for another server', async () => {
    const { partner, key } = await registered();
    expect(await exchange(await signAssertion(key, partner, 'https://login.example/token'))).toMatchObject(invalidClient);
  });

  it('without a signature, or that is no assertion at all', async () => {
    const { partner } = await registered();
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: partner, sub: partner, aud: tokenEndpoint(), exp: Math.floor(Date.now() / 1000) + 60, jti: randomUUID() };
    expect(await exchange(`${encode({ alg: 'none' })}.${encode(claims)}.`)).toMatchObject(invalidClient);
    const symmetric = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32));
    expect(await exchange(symmetric)).toMatchObject(invalidClient);
    expect(await exchange('x')).toMatchObject(invalidClient);
  });
});

it('a token request that is none is told what is wrong with it', async () => {
  const response = await fetch(tokenEndpoint(), { method: 'POST', body: new URLSearchParams({ grant_type: 'password' }) });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    code: 3,
    details: [{ reason: 'UNSUPPORTED_GRANT_TYPE', metadata: { error: 'unsupported_grant_type' } }],
  });
});

it('only operators register partners', async () => {
  for (const kind of ['customer', 'partner', 'operator'] as const) {
    const token = await devToken(test.platform.endpoints, kind, kind === 'operator' ? 'someone@kumiko.example' : 'acme');
    const registering = registerAsOperator(edge(), token, `partner-${randomUUID()}`, (await makePartnerKey()).publicJwk);
    await expect(registering).rejects.toThrow(kind === 'operator' ? 'HTTP 403' : 'HTTP 401');
  }
});

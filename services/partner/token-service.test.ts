import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../platform/chassis/server/call.ts';
import { GetTokenKeysRequestSchema } from '../platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { type IdentityWorld, issuer, makeKey, startIdentityWorld, tokenEndpoint } from './tests/identity-world.ts';

let world: IdentityWorld;
beforeAll(async () => {
  world = await startIdentityWorld({ abortProbability: 0.1 });
});
afterAll(() => world?.close());
beforeEach(() => {
  world.faults.length = 0;
});

/** Whatever the reason is, the partner's system is told the same. */
const invalidClient = {
  code: status.UNAUTHENTICATED,
  reason: 'INVALID_CLIENT',
  message: 'invalid_client: the client is not known, or its assertion does not hold',
  metadata: { error: 'invalid_client' },
};

async function publishedKeys(): Promise<JSONWebKeySet> {
  const { data, contentType } = await world.tokens.getTokenKeys(create(GetTokenKeysRequestSchema), {} as Call);
  expect(contentType).toBe('application/json');
  return JSON.parse(new TextDecoder().decode(data)) as JSONWebKeySet;
}

const seconds = () => Math.floor(world.clock.now.getTime() / 1000);

describe('a token', () => {
  test.each(['ES256', 'RS256', 'EdDSA'])('is given for an assertion of %s, and verifies with the published keys', async (alg) => {
    const { partner, key } = await world.registered(await makeKey(alg));
    const { accessToken, tokenType, expiresIn } = await world.present(await world.assertion(partner, key), { client_id: partner });
    expect({ tokenType, expiresIn }).toEqual({ tokenType: 'Bearer', expiresIn: 900 });
    const keys = await publishedKeys();
    const verified = await jwtVerify(accessToken!, createLocalJWKSet(keys), { currentDate: world.clock.now });
    expect(verified.protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: keys.keys[0]!.kid });
    expect(verified.payload).toEqual({
      iss: issuer,
      aud: 'https://edge.kumiko-test.kumiko.internal',
      sub: partner,
      iat: seconds(),
      exp: seconds() + 900,
      jti: expect.any(String),
    });
  });

  test('is given for an assertion that is meant for the issuer, and for one whose kid is the thumbprint', async () => {
    const { partner, key } = await world.registered();
    await world.present(await world.assertion(partner, key, { aud: issuer }));
    const { keys } = await world.operator.listPartnerKeys({ parent: `partners/${partner}` });
    const kid = keys[0]!.name.split('/').at(-1)!;
    await world.present(await world.assertion(partner, key, {}, { kid }));
  });
});

test('the published keys are those of every version, with kid, alg and use, and nothing private', async () => {
  const { keys } = await publishedKeys();
  expect(keys.map((key) => Object.keys(key).sort())).toEqual([
    ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ['alg', 'e', 'kid', 'kty', 'n', 'use'],
  ]);
});

describe('an assertion is refused, and the log says why', () => {
  test.each<[string, string, () => Record<string, unknown>]>([
    ['without exp', 'missing required "exp" claim', () => ({ exp: undefined })],
    ['without jti', 'missing required "jti" claim', () => ({ jti: undefined })],
    ['with an empty jti', 'its jti is not a text of 1 to 255 characters', () => ({ jti: '' })],
    ['with a jti that is no text', 'its jti is not a text of 1 to 255 characters', () => ({ jti: 7 })],
    ['with U+0000 in its jti', 'its jti has characters that cannot be kept', () => ({ jti: 'a\0b' })],
    ['with half a character in its jti', 'its jti has characters that cannot be kept', () => ({ jti: '\ud800' })],
    ['that has expired', '"exp" claim timestamp check failed', () => ({ exp: seconds() - 31 })],
    ['that is not good yet', '"nbf" claim timestamp check failed', () => ({ nbf: seconds() + 31 })],
    ['that is good for longer than five minutes', 'it is good for longer than 300 s', () => ({ exp: seconds() + 331 })],
    ['for another server', 'unexpected "aud" claim value', () => ({ aud: 'https://login.example/token' })],
    ['for another server too', 'it is meant for others too', () => ({ aud: [tokenEndpoint, 'https://login.example/token'] })],
    ['without aud', 'missing required "aud" claim', () => ({ aud: undefined })],
    ['of another issuer', 'unexpected "iss" claim value', () => ({ iss: 'https://login.example' })],
    ['without iss', 'missing required "iss" claim', () => ({ iss: undefined })],
    ['without sub', 'its sub is not the id of a partner', () => ({ sub: undefined })],
  ])('%s', async (_, fault, claims) => {
    const { partner, key } = await world.registered();
    await expect(world.present(await world.assertion(partner, key, claims()))).rejects.toMatchObject(invalidClient);
    expect(world.faults).toEqual([expect.stringContaining(fault)]);
  });

  test('of somebody else: unknown, another one’s key, another client_id, a kid that is not there', async () => {
    const [acme, other] = [await world.registered(), await world.registered()];
    const refused = async (assertion: Promise<string>, more?: Record<string, string>) =>
      expect(world.present(await assertion, more)).rejects.toMatchObject(invalidClient);
    await refused(world.assertion('nobody', acme.key));
    await refused(world.assertion(other.partner, acme.key));
    await refused(world.assertion(acme.partner, acme.key), { client_id: other.partner });
    await refused(world.assertion(acme.partner, acme.key, {}, { kid: 'other' }));
    await refused(world.assertion(acme.partner, await makeKey('PS256')));
    expect(world.faults).toEqual([
      'partners/nobody: the partner is not registered',
      `partners/${other.partner}: signature verification failed`,
      'client_id is not the sub of the assertion',
      `partners/${acme.partner}: no applicable key found in the JSON Web Key Set`,
      `partners/${acme.partner}: "alg" (Algorithm) Header Parameter value not allowed`,
    ]);
  });

  test('of a partner without a good key, or that is suspended', async () => {
    const { partner, key } = await world.registered();
    const name = `partners/${partner}`;
    const attempt = async () => world.present(await world.assertion(partner, key));
    await world.operator.suspendPartner({ name });
    await expect(attempt()).rejects.toMatchObject(invalidClient);
    await world.operator.reinstatePartner({ name });
    await attempt();
    const { keys } = await world.operator.listPartnerKeys({ parent: name });
    await world.operator.revokePartnerKey({ name: keys[0]!.name });
    await expect(attempt()).rejects.toMatchObject(invalidClient);
    expect(world.faults).toEqual([`${name}: the partner is suspended`, `${name}: the partner has no key`]);
  });
});

describe('an assertion is good for once', () => {
  test('however many present it at the same time, also when transactions are aborted', async () => {
    const { partner, key } = await world.registered();
    const assertion = await world.assertion(partner, key);
    const answers = await Promise.allSettled([1, 2, 3, 4, 5].map(() => world.present(assertion)));
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
    expect(world.faults).toEqual(Array(4).fill(`partners/${partner}: the assertion was used before`));
  });

  test('until its very end, after which it is forgotten', async () => {
    const { partner, key } = await world.registered();
    const assertion = await world.assertion(partner, key, { exp: seconds() + 300 });
    await world.present(assertion);
    world.passSeconds(329);
    await expect(world.present(assertion)).rejects.toMatchObject(invalidClient);
    expect(world.faults).toEqual([`partners/${partner}: the assertion was used before`]);
    world.passSeconds(600);
    await world.present(await world.assertion(partner, key));
    expect(await world.rows('SELECT id FROM partner.assertions WHERE partner = $1', [partner])).toHaveLength(1);
  });

  test('for its own partner: another one may use the same jti', async () => {
    const jti = randomUUID();
    for (const { partner, key } of [await world.registered(), await world.registered()]) {
      await world.present(await world.assertion(partner, key, { jti }));
    }
  });
});

test('what is no token request is told what is wrong', async () => {
  await expect(world.exchange('grant_type=password')).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: 'UNSUPPORTED_GRANT_TYPE',
    metadata: { error: 'unsupported_grant_type' },
  });
  await expect(world.exchange('{}', 'text/plain')).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
});

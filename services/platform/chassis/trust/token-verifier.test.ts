import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { tokenVerifier } from './token-verifier.ts';

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startTestIssuer();
});
afterAll(() => issuer.close());

test('a token is verified once, and refused once it has expired', async () => {
  const start = Date.now();
  let now = start;
  let judged = 0;
  const subject = ({ sub }: { sub?: string | undefined }) => {
    judged += 1;
    return sub;
  };
  const verify = tokenVerifier([{ issuer: 'https://a.example', audience: 'b', jwksUri: issuer.jwksUri, subject }], () => now);
  const token = await issuer.sign({ iss: 'https://a.example', aud: 'b', sub: 'alice', exp: Math.floor(start / 1_000) + 100 });
  expect(await verify(token)).toBe('alice');
  // No promise: it is known.
  expect(verify(token)).toBe('alice');
  expect(judged).toBe(1);
  now = start + 100_001;
  expect(await verify(token)).toBe('alice');
  expect(judged).toBe(2);
  now = start + 161_000;
  await expect(verify(token)).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
});

test('what the subject refuses is refused each time', async () => {
  const subject = () => {
    throw new Error('not you');
  };
  const verify = tokenVerifier([{ issuer: 'https://a.example', audience: 'b', jwksUri: issuer.jwksUri, subject }]);
  const token = await issuer.sign({ iss: 'https://a.example', aud: 'b', sub: 'mallory' });
  await expect(verify(token)).rejects.toThrow('not you');
  await expect(verify(token)).rejects.toThrow('not you');
});

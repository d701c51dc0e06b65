import { decodeJwt } from 'jose';
import { expect, test, vi } from 'vitest';
import { call, keyLookups, nowSeconds, pass, serverless, service, startFront, startFrontForEach, token } from './test-front.ts';

startFrontForEach();

test('checks Authorization where there is no X-Serverless-Authorization', async () => {
  expect((await call({ authorization: `Bearer ${await token()}` })).status).toBe(200);
  expect(service.seen[0]?.authorization).toMatch(/\.SIGNATURE_REMOVED_BY_GOOGLE$/);
});

test('a good Authorization does not help where X-Serverless-Authorization is bad', async () => {
  const answer = await call({ 'x-serverless-authorization': 'Bearer a.b.c', authorization: `Bearer ${await token()}` });
  expect(answer.status).toBe(401);
});

test.each([
  ['no token', () => ({}), 401],
  ['another scheme', () => ({ 'x-serverless-authorization': 'Basic abc' }), 401],
  ['no JWT', () => ({ 'x-serverless-authorization': 'Bearer abc' }), 401],
  ['another audience', () => serverless({ aud: 'https://partner.kumiko-local.kumiko.internal' }), 401],
  ['another issuer', () => serverless({ iss: 'https://securetoken.google.com/kumiko-local' }), 401],
  ['expired', () => serverless({ exp: nowSeconds() - 1 }), 401],
  ['no expiry', () => serverless({ exp: undefined }), 401],
  ['an account that may not invoke', () => serverless({ email: 'kumiko-webhook@kumiko-local.iam.gserviceaccount.com' }), 403],
  ['an e-mail that nobody verified', () => serverless({ email_verified: false }), 403],
  ['no e-mail', () => serverless({ email: undefined }), 403],
] as const)('refuses %s as plain HTTP, without reaching the service', async (_, headers, status) => {
  const answer = await call(await headers());
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('text/html; charset=UTF-8');
  expect(answer.headers['grpc-status']).toBeUndefined();
  expect(service.seen).toHaveLength(0);
});

test('refuses a forged signature, also of a token that passed before, and a stripped one', async () => {
  const good = await token();
  expect((await call({ 'x-serverless-authorization': `Bearer ${good}` })).status).toBe(200);
  const [header, , signature] = good.split('.');
  const forgedClaims = Buffer.from(JSON.stringify({ ...decodeJwt(good), sub: 'other' })).toString('base64url');
  expect((await call({ 'x-serverless-authorization': `Bearer ${header}.${forgedClaims}.${signature}` })).status).toBe(401);
  const stripped = service.seen[0]?.['x-serverless-authorization'];
  expect((await call({ 'x-serverless-authorization': stripped })).status).toBe(401);
});

test('a token is verified once and then known until it expires', async () => {
  const headers = await serverless({ exp: nowSeconds() + 60 });
  for (let request = 0; request < 3; request++) expect((await call(headers)).status).toBe(200);
  expect(keyLookups).toBe(1);
  pass(60_000);
  expect((await call(headers)).status).toBe(401);
  expect(keyLookups).toBe(1);
});

test('keys that cannot be fetched are the platform’s fault, not the caller’s', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  const broken = await startFront({ keys: () => Promise.reject(new TypeError('fetch failed')) });
  expect((await call(await serverless(), 'hello', broken.session)).status).toBe(503);
  broken.session.destroy();
  await broken.front.close();
  expect(logged).toHaveBeenCalledOnce();
  logged.mockRestore();
});

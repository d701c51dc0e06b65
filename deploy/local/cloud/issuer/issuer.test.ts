import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Issuer, startIssuer } from './issuer.ts';

const project = 'kumiko-local';
const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-issuer-'));
let nowMs = Date.UTC(2026, 0, 1);
const clock = { now: () => nowMs, schedule: () => () => {} };
let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer({ port: 0, stateDir, project, clock });
});

afterAll(async () => {
  await issuer.close();
  rmSync(stateDir, { recursive: true });
});

function remoteKeys(name: string) {
  return createRemoteJWKSet(new URL(`http://127.0.0.1:${issuer.port}/${name}/jwks.json`));
}

async function post(body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) {
  const response = await fetch(`http://127.0.0.1:${issuer.port}/token`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as { token: string; error: { code: string; message: string } } };
}

test('customer, partner and operator tokens verify against the served keys with the documented issuer and audience', async () => {
  const currentDate = new Date(nowMs);
  const customer = await jwtVerify(await issuer.mintCustomerToken({ sub: 'alice', preview: { partner: 'pr-1' } }), remoteKeys('customer'), {
    issuer: `https://securetoken.google.com/${project}`,
    audience: project,
    currentDate,
  });
  expect(customer.payload).toMatchObject({ sub: 'alice', kumiko_preview: { partner: 'pr-1' } });
  const partner = await jwtVerify(await issuer.mintPartnerToken({ sub: 'acme' }), remoteKeys('partner'), {
    issuer: `https://partner.${project}.kumiko.internal`,
    audience: `https://edge.${project}.kumiko.internal`,
    currentDate,
  });
  expect(partner.payload.sub).toBe('acme');
  const operator = await jwtVerify(await issuer.mintOperatorToken('operator@kumiko.example'), remoteKeys('google'), {
    issuer: 'https://accounts.google.com',
    audience: `https://edge.${project}.kumiko.internal`,
    currentDate,
  });
  expect(operator.payload).toMatchObject({ email: 'operator@kumiko.example', email_verified: true });
});

test('an issuer’s token does not verify against another issuer’s keys', async () => {
  const token = await issuer.mintCustomerToken({ sub: 'alice' });
  await expect(jwtVerify(token, remoteKeys('google'), { currentDate: new Date(nowMs) })).rejects.toThrow();
});

test('an ID token has Google’s shape', async () => {
  const token = await issuer.mintIdToken('kumiko-job@kumiko-local.iam.gserviceaccount.com', 'https://customer.example');
  const claims = decodeJwt(token);
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', kid: issuer.jwks('google').keys[0]?.kid, typ: 'JWT' });
  expect(claims).toEqual({
    iss: 'https://accounts.google.com',
    aud: 'https://customer.example',
    azp: claims.sub,
    email: 'kumiko-job@kumiko-local.iam.gserviceaccount.com',
    email_verified: true,
    sub: expect.stringMatching(/^\d{21}$/),
    iat: nowMs / 1000,
    exp: nowMs / 1000 + 3600,
  });
});

test('an ID token is reused until half of its hour is over', async () => {
  const mint = () => issuer.mintIdToken('a@kumiko.example', 'https://reused.example');
  const first = await mint();
  nowMs += 30 * 60_000;
  expect(await mint()).toBe(first);
  nowMs += 1000;
  expect(await mint()).not.toBe(first);
});

test('tokens survive a restart, and keys are files that only their owner reads', async () => {
  const token = await issuer.mintCustomerToken({ sub: 'alice' });
  await issuer.close();
  issuer = await startIssuer({ port: 0, stateDir, project, clock });
  await expect(jwtVerify(token, createLocalJWKSet(issuer.jwks('customer')), { currentDate: new Date(nowMs) })).resolves.toBeDefined();
  const files = readdirSync(join(stateDir, 'issuer'));
  expect(files.sort()).toEqual(['customer.jwk.json', 'google.jwk.json', 'partner.jwk.json']);
  for (const file of files) expect(statSync(join(stateDir, 'issuer', file)).mode & 0o777).toBe(0o600);
});

test('the published keys hold no private part', async () => {
  const response = await fetch(`http://127.0.0.1:${issuer.port}/google/jwks.json`);
  const { keys } = (await response.json()) as { keys: Record<string, string>[] };
  expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
});

test('OpenID discovery names the issuer and where its keys are', async () => {
  const base = `http://127.0.0.1:${issuer.port}/google`;
  const response = await fetch(`${base}/.well-known/openid-configuration`);
  expect(await response.json()).toMatchObject({ issuer: 'https://accounts.google.com', jwks_uri: `${base}/jwks.json` });
});

test('POST /token makes every kind of token', async () => {
  const claims = async (body: unknown) => decodeJwt((await post(body)).body.token);
  expect(await claims({ kind: 'customer', subject: 'bob', ttl_seconds: -60 })).toMatchObject({ sub: 'bob', exp: nowMs / 1000 - 60 });
  const now = nowMs / 1000;
  expect(await claims({ kind: 'customer', subject: 'bob', ttl_seconds: 60, skew_seconds: -90 })).toMatchObject({
    iat: now - 90,
    nbf: now - 90,
    exp: now - 30,
  });
  expect(await claims({ kind: 'partner', subject: 'acme', audience: 'https://other.example' })).toMatchObject({
    aud: 'https://other.example',
  });
  expect(await claims({ kind: 'operator', subject: 'op@kumiko.example' })).toMatchObject({ email: 'op@kumiko.example' });
  expect(await claims({ kind: 'trigger', subject: 'tasks', preview: { partner: 'pr-9' } })).toMatchObject({
    email: 'kumiko-tasks@kumiko-local.iam.gserviceaccount.com',
    aud: 'https://jobs.kumiko-local.kumiko.internal',
    kumiko_preview: { partner: 'pr-9' },
  });
  expect(await claims({ kind: 'service', subject: 'customer', as: 'job' })).toMatchObject({
    email: 'kumiko-job@kumiko-local.iam.gserviceaccount.com',
    aud: 'https://customer.kumiko-local.kumiko.internal',
  });
});

test('POST /token tells what it accepts', async () => {
  expect(await post({ kind: 'trigger', subject: 'cron' })).toMatchObject({
    status: 400,
    body: { error: { message: '"cron" is not a trigger: use one of pubsub, tasks, scheduler.' } },
  });
  const unknown = await post({ kind: 'admin', subject: 'x' });
  expect(unknown.status).toBe(400);
  expect(unknown.body.error.message).toContain('"customer"|"partner"|"operator"|"trigger"|"service"');
});

test('a web page cannot get a token: foreign Host, foreign Origin and plain form posts are refused', async () => {
  const json = { 'content-type': 'application/json' };
  const status = (headers: Record<string, string>) =>
    new Promise((resolve, reject) => {
      const outgoing = request({ port: issuer.port, host: '127.0.0.1', path: '/token', method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      outgoing.on('error', reject);
      outgoing.end('{"kind":"customer","subject":"alice"}');
    });
  expect(await status({ ...json, host: 'attacker.example' })).toBe(403);
  expect(await status({ ...json, host: '127.0.0.1.attacker.example' })).toBe(403);
  expect(await status({ ...json, origin: 'https://attacker.example' })).toBe(403);
  expect(await status({ ...json, origin: 'null' })).toBe(403);
  expect(await status({ 'content-type': 'text/plain' })).toBe(415);
  expect(await status({ ...json, host: `localhost:${issuer.port}` })).toBe(200);
});

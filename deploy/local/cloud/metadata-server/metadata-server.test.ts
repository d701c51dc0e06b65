import { GoogleAuth } from 'google-auth-library';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LocalServer } from '../../shared/local-server.ts';
import { startMetadataServer, startMetadataServers } from './metadata-server.ts';

const email = 'kumiko-job@kumiko-local.iam.gserviceaccount.com';
const account = '/computeMetadata/v1/instance/service-accounts/default';
let nowMs = Date.UTC(2026, 0, 1);
const options = {
  project: 'kumiko-local',
  clock: { now: () => nowMs, schedule: () => () => {} },
  mintIdToken: async (who: string, audience: string) => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'RS256' })}.${part({ email: who, aud: audience, exp: Math.floor(Date.now() / 1000) + 3600 })}.c2ln`;
  },
};
let server: LocalServer;

beforeAll(async () => {
  server = await startMetadataServer({ ...options, port: 0, email });
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${server.port}`);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '');
  vi.stubEnv('HOME', '/nonexistent');
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

async function get(path: string, headers: Record<string, string> = { 'metadata-flavor': 'Google' }) {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers, redirect: 'manual' });
  return {
    status: response.status,
    flavor: response.headers.get('metadata-flavor'),
    body: await response.text(),
    headers: response.headers,
  };
}

test('google-auth-library gets ID tokens for its audience, access tokens and the project', async () => {
  const auth = new GoogleAuth();
  const client = await auth.getIdTokenClient('https://customer.example');
  const authorization = (await client.getRequestHeaders()).get('authorization');
  const claims = JSON.parse(Buffer.from(authorization?.split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({ email, aud: 'https://customer.example' });
  expect(await auth.getAccessToken()).toMatch(/^ya29\.local\./);
  expect(await auth.getProjectId()).toBe('kumiko-local');
  expect(await auth.getUniverseDomain()).toBe('googleapis.com');
  expect((await auth.getCredentials()).client_email).toBe(email);
});

test('an identity is given for the asked audience only', async () => {
  const answer = await get(`${account}/identity?audience=${encodeURIComponent('https://a.example')}&format=full`);
  expect(answer).toMatchObject({ status: 200, flavor: 'Google' });
  expect(answer.body.split('.')).toHaveLength(3);
  expect(await get(`${account}/identity`)).toMatchObject({ status: 400, flavor: 'Google' });
  expect((await get(`/computeMetadata/v1/instance/service-accounts/${email}/email`)).body).toBe(email);
  expect((await get('/computeMetadata/v1/instance/service-accounts/other@kumiko.example/email')).status).toBe(404);
});

test('requests without the flavor header and forwarded requests are refused', async () => {
  expect((await get(`${account}/email`, {})).status).toBe(403);
  expect((await get(`${account}/email`, { 'metadata-flavor': 'Google', 'x-forwarded-for': '10.0.0.1' })).status).toBe(403);
  expect((await get(`${account}/email`, { 'metadata-flavor': 'google' })).status).toBe(403);
  expect((await get(`${account}/token`, { 'metadata-flavor': 'Google', 'x-forwarded-for': '' })).status).toBe(403);
  expect(await get('/', {})).toMatchObject({ status: 200, flavor: 'Google' });
});

test('an access token is handed out again with the seconds that are left, until five minutes before its end', async () => {
  const token = async () => JSON.parse((await get(`${account}/token`)).body) as { access_token: string; expires_in: number };
  const first = await token();
  nowMs += 54 * 60_000;
  const second = await token();
  expect(second.access_token).toBe(first.access_token);
  expect(first.expires_in - second.expires_in).toBe(54 * 60);
  nowMs += 2 * 60_000;
  expect((await token()).access_token).not.toBe(first.access_token);
});

test('directories are listed, redirected to their slash, and given whole as JSON', async () => {
  expect((await get(`${account}/`)).body.split('\n')).toEqual(['aliases', 'email', 'identity', 'scopes', 'token', '']);
  expect((await get('/computeMetadata/v1/instance')).headers.get('location')).toBe('/computeMetadata/v1/instance/');
  const project = JSON.parse((await get('/computeMetadata/v1/project/?recursive=true')).body);
  expect(project).toEqual({ projectId: 'kumiko-local', numericProjectId: expect.any(Number) });
  const accounts = JSON.parse((await get('/computeMetadata/v1/instance/service-accounts/?recursive=true')).body);
  expect(accounts.default).toMatchObject({ email, aliases: ['default'] });
  expect(accounts.default).not.toHaveProperty('token');
  expect((await get('/computeMetadata/v1/instance/region')).body).toMatch(/^projects\/\d{12}\/regions\/[a-z]+-[a-z]+\d$/);
});

test('values and directories are given in the format that is asked for', async () => {
  expect((await get(`${account}/email?alt=json`)).body).toBe(JSON.stringify(email));
  expect((await get(`${account}/email?alt=text`)).body).toBe(email);
  expect(JSON.parse((await get(`${account}/aliases?alt=json`)).body)).toEqual(['default']);
  expect(JSON.parse((await get('/computeMetadata/v1/project/numeric-project-id?alt=json')).body)).toBeTypeOf('number');
  const lines = (await get('/computeMetadata/v1/project/?recursive=true&alt=text')).body.split('\n');
  expect(lines).toEqual([expect.stringMatching(/^numeric-project-id \d{12}$/), 'project-id kumiko-local', '']);
  const accounts = (await get('/computeMetadata/v1/instance/service-accounts/?recursive=true&alt=text')).body.split('\n');
  expect(accounts).toContain(`default/email ${email}`);
  expect(accounts.filter((line) => line.startsWith('default/scopes https://'))).toHaveLength(2);
  expect(accounts.filter((line) => /token|identity/.test(line))).toEqual([]);
});

test('paths that do not exist are 404, those of Object’s prototype and bad encodings too', async () => {
  for (const path of [
    '/computeMetadata/v1/instance/attributes/cluster-name',
    '/computeMetadata/v1/constructor',
    '/computeMetadata/v2',
    '/x',
  ]) {
    expect(await get(path), path).toMatchObject({ status: 404, flavor: 'Google' });
  }
  expect((await get('/computeMetadata/v1/%E0%A4%A')).status).toBe(404);
});

test('each workload has a server of its own', async () => {
  const servers = await startMetadataServers({ ...options, ports: { job: 0, customer: 0 } });
  const emails = await Promise.all(
    [servers.job, servers.customer].map(async ({ port }) =>
      (await fetch(`http://127.0.0.1:${port}${account}/email`, { headers: { 'metadata-flavor': 'Google' } })).text(),
    ),
  );
  expect(emails).toEqual(['kumiko-job@kumiko-local.iam.gserviceaccount.com', 'kumiko-customer@kumiko-local.iam.gserviceaccount.com']);
  await Promise.all([servers.job.close(), servers.customer.close()]);
});

test('if one of several cannot start, none is left running', async () => {
  const free = await startMetadataServer({ ...options, port: 0, email });
  const port = free.port;
  await free.close();
  await expect(startMetadataServers({ ...options, ports: { job: port, customer: server.port } })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    port: server.port,
  });
  const again = await startMetadataServer({ ...options, port, email });
  await again.close();
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMetadataServer } from '../../../../deploy/local/cloud/metadata-server/metadata-server.ts';
import { type LocalServer, systemClock } from '../../../../deploy/local/shared/local-server.ts';
import { createIdTokens } from './identity.ts';

const minted: string[] = [];
let server: LocalServer;
let lifetimeSeconds = 3600;

beforeAll(async () => {
  server = await startMetadataServer({
    port: 0,
    project: 'kumiko-test',
    email: 'kumiko-job@kumiko-test.iam.gserviceaccount.com',
    clock: systemClock,
    mintIdToken: async (email, audience) => {
      minted.push(`${email} ${audience}`);
      const claims = { aud: audience, n: minted.length, exp: Math.floor(Date.now() / 1000) + lifetimeSeconds };
      return `header.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
    },
  });
  process.env['GCE_METADATA_HOST'] = `127.0.0.1:${server.port}`;
});

afterAll(() => server?.close());

test('asks the metadata server once for each audience, also for calls at the same time', async () => {
  const tokens = createIdTokens();
  const headers = await Promise.all(['https://a', 'https://b', 'https://a', 'https://a'].map((audience) => tokens.header(audience)));
  headers.push(await tokens.header('https://a'));
  expect(minted.sort()).toEqual(['https://a', 'https://b'].map((audience) => `kumiko-job@kumiko-test.iam.gserviceaccount.com ${audience}`));
  expect(new Set(headers).size).toBe(2);
  expect(headers[0]).toMatch(/^Bearer header\./);
});

test('asks again for a token that is about to expire', async () => {
  minted.length = 0;
  lifetimeSeconds = 60;
  const tokens = createIdTokens();
  expect(await tokens.header('https://c')).not.toBe(await tokens.header('https://c'));
  expect(minted).toHaveLength(2);
});

test('fails where the metadata server does not answer, and asks again later', async () => {
  lifetimeSeconds = 3600;
  const tokens = createIdTokens();
  const there = process.env['GCE_METADATA_HOST'];
  process.env['GCE_METADATA_HOST'] = '127.0.0.1:1';
  await expect(tokens.header('https://d')).rejects.toThrow('ID token');
  process.env['GCE_METADATA_HOST'] = there;
  expect(await tokens.header('https://d')).toMatch(/^Bearer /);
});

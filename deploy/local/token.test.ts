import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Issuer, startIssuer } from './cloud/issuer/issuer.ts';
import { systemClock } from './shared/local-server.ts';
import { parseTokenCommand, requestToken } from './token.ts';

let directory: string;
let endpoints: string;
let issuer: Issuer;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kumiko-token-'));
  endpoints = join(directory, 'endpoints.json');
  issuer = await startIssuer({ port: 0, stateDir: directory, project: 'kumiko-local', clock: systemClock });
  writeFileSync(endpoints, JSON.stringify({ issuer: `http://127.0.0.1:${issuer.port}` }));
});

afterAll(async () => {
  await issuer.close();
  rmSync(directory, { recursive: true });
});

function token(...args: string[]): Promise<string> {
  return requestToken(endpoints, parseTokenCommand(args));
}

test('makes the token that the words ask for', async () => {
  const claims = decodeJwt(await token('customer', 'alice', '--ttl', '15m', '--preview', 'partner=pr-123', '--preview', 'job=pr-7'));
  expect(claims).toMatchObject({ sub: 'alice', kumiko_preview: { partner: 'pr-123', job: 'pr-7' } });
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900);
  expect(decodeJwt(await token('trigger', 'pubsub'))['email']).toBe('kumiko-pubsub@kumiko-local.iam.gserviceaccount.com');
  expect(decodeJwt(await token('service', 'customer', '--as', 'job'))).toMatchObject({
    aud: 'https://customer.kumiko-local.kumiko.internal',
    email: 'kumiko-job@kumiko-local.iam.gserviceaccount.com',
  });
});

test('mistakes are named with what is accepted', async () => {
  await expect(token('trigger', 'cron')).rejects.toThrow('use one of pubsub, tasks, scheduler');
  await expect(token('service', 'customer', '--as', 'nobody')).rejects.toThrow('"edge-gateway"|"jobs-gateway"');
  expect(() => parseTokenCommand(['admin', 'x'])).toThrow('use one of customer, partner, operator, trigger, service');
  expect(() => parseTokenCommand(['customer'])).toThrow('one kind and one subject');
  expect(() => parseTokenCommand(['customer', 'alice', '--ttl', 'soon'])).toThrow('--ttl soon is no duration');
  expect(() => parseTokenCommand(['customer', 'alice', '--tll', '1h'])).toThrow("Unknown option '--tll'");
  expect(() => parseTokenCommand(['customer', 'alice', '--preview', 'partner'])).toThrow('partner=pr-123');
});

test('a platform that does not run is told as that', async () => {
  const request = parseTokenCommand(['customer', 'alice']);
  await expect(requestToken(join(directory, 'none.json'), request)).rejects.toThrow('The platform is not running');
  const stale = join(directory, 'stale.json');
  writeFileSync(stale, JSON.stringify({ issuer: 'http://127.0.0.1:1' }));
  await expect(requestToken(stale, request)).rejects.toThrow('does not answer');
});

test('as a command it explains itself on stderr and fails', async () => {
  const result = await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'token.ts'), 'admin', 'x'], (error, stdout, stderr) =>
      resolve({ code: error?.code, stdout, stderr }),
    );
  });
  expect(result).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining('"admin" is no kind of token') });
});

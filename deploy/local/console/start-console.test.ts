import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsolePlatform } from './console-platform.ts';
import { consoleToken } from './console-token.ts';
import { appFolder } from './serve-app.ts';
import { type Console, startConsole } from './start-console.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
/** What the page tells of it; nothing else here gets as far as the platform. */
const platform = {
  processes: { list: () => [] },
  previews: { list: () => [{ service: 'notes', tag: 'x', name: 'notes@x', state: 'running', code: '</script><b>' }] },
  endpoints: () => ({ outside: {} }),
  clock: { aheadMs: 0 },
  lastChange: () => undefined,
} as unknown as ConsolePlatform;
let running: Console;
let token: string;

beforeAll(async () => {
  running = await startConsole({ port: 0, stateDir, platform });
  token = consoleToken(stateDir);
});
afterAll(async () => {
  await running.close();
  rmSync(stateDir, { recursive: true });
});

/** Asks with headers that fetch does not let anybody set. */
function get(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Readonly<Record<string, unknown>>; body: string }>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: running.port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

const held = () => ({ cookie: `other=1; console_${running.port}=${token}` });

describe('who is let in', () => {
  it('is whoever has the token: once in the address, then in a cookie that no script reads and no other site sends', async () => {
    const { status, headers } = await get(`/traces?q=a&token=${token}`);
    expect([status, headers['location']]).toEqual([303, '/traces?q=a']);
    expect(headers['set-cookie']).toEqual([`console_${running.port}=${token}; HttpOnly; SameSite=Strict; Path=/`]);
    expect((await get('/', held())).status).toBe(200);
  });

  it.each(['/', '/traces', '/app/app.js', '/api/platform', '/api/live', '/?token=wrong', '/?token='])(
    'is nobody else: %s',
    async (path) => {
      const { status, body } = await get(path);
      expect(status).toBe(401);
      expect(body).toContain('npm start');
      expect(body).not.toContain(token);
    },
  );

  it.each([
    ['a cookie of another console', { cookie: 'console_1=TOKEN' }],
    ['a longer token', { cookie: 'console_PORT=TOKENx' }],
    ['a page of another site', { origin: 'https://evil.example', cookie: 'console_PORT=TOKEN' }],
    ['a page of another port of this machine', { origin: 'http://127.0.0.1:1', cookie: 'console_PORT=TOKEN' }],
    ['an image in a page of another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', cookie: 'console_PORT=TOKEN' }],
    ['a frame that hides its origin', { origin: 'null', cookie: 'console_PORT=TOKEN' }],
    ['a name that was bound to this address', { host: 'evil.example', cookie: 'console_PORT=TOKEN' }],
  ])('is not %s', async (_, headers) => {
    const made = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(running.port)).replace('TOKEN', token)]),
    );
    expect((await get('/api/platform', made)).status).toBeGreaterThanOrEqual(401);
  });

  it('is its own page', async () => {
    const headers = { ...held(), origin: `http://127.0.0.1:${running.port}`, 'sec-fetch-site': 'same-origin' };
    expect((await get('/app/app.js', headers)).status).toBe(200);
  });

  it('is led to no other host by an address of two slashes', async () => {
    expect((await get(`//evil.example/?token=${token}`)).headers['location']).toBe('/');
  });

  it('keeps its token over a restart, in a file of this user', () => {
    expect(consoleToken(stateDir)).toBe(token);
    expect(statSync(join(stateDir, 'console.token')).mode & 0o777).toBe(0o600);
  });
});

describe('what it serves', () => {
  it.each(['/', '/traces/abc', '/app/app.js', '/app/app.css'])(
    '%s is in no frame, loads nothing from elsewhere and talks to nobody else',
    async (path) => {
      const { status, headers } = await get(path, held());
      expect(status).toBe(200);
      expect(headers['content-security-policy']).toMatch(
        /default-src 'none'; script-src 'self'.*connect-src 'self'.*frame-ancestors 'none'/,
      );
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['x-content-type-options']).toBe('nosniff');
    },
  );

  it.each(['/app/', '/app/constructor', '/app/..%2fbuild.ts', '/app/.stamp'])('nothing at %s', async (path) => {
    expect((await get(path, held())).status).toBe(404);
  });

  it('scripts of less than 100 kB, compressed', () => {
    expect(gzipSync(readFileSync(join(appFolder, 'app.js'))).length).toBeLessThan(100_000);
  });

  it('a page that says how the platform is just now, as data that no text in it can end', async () => {
    const body = await fetch(`http://127.0.0.1:${running.port}/traces`, { headers: held() }).then((response) => response.text());
    const [, data = ''] = /<script type="application\/json" id="platform">(.*?)<\/script>/s.exec(body) ?? [];
    expect(JSON.parse(data)).toMatchObject({ aheadMs: 0, processes: [], previews: [{ name: 'notes@x', code: '</script><b>' }] });
  });

  it('a page without scripts or styles inside', () => {
    expect(readFileSync(join(appFolder, 'index.html'), 'utf8')).not.toMatch(/<style|style=|<script>|onload|https:/);
  });
});

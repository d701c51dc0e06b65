import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTokenAuthority, type TokenAuthority } from '../../conformance/tokens.ts';
import { type DataPlane, startDataPlane } from '../start-data-plane.ts';
import { filter, testBootstrap } from '../testing/test-bootstrap.ts';

let authority: TokenAuthority;
let fetches = 0;
let failing = false;
let front: ReturnType<typeof createServer>;
let echo: ReturnType<typeof createServer>;
const planes: DataPlane[] = [];

const portOf = (server: ReturnType<typeof createServer>) => (server.address() as { port: number }).port;

beforeAll(async () => {
  authority = await startTokenAuthority();
  // Counts key fetches, and can fail them.
  front = createServer(async (_request, response) => {
    fetches++;
    if (failing) response.writeHead(500).end();
    else response.end(await (await fetch(`http://127.0.0.1:${authority.port}/jwks.json`)).text());
  });
  echo = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  for (const server of [front, echo]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  failing = false;
  for (const plane of planes.splice(0)) await plane.close();
});
afterAll(async () => {
  await authority.close();
  for (const server of [front, echo]) server.close();
});

interface Setup {
  readonly requires?: object;
  readonly provider?: object;
  readonly filter?: object;
  readonly perRoute?: object;
  readonly now?: () => number;
}

async function start({
  requires = { provider_name: 'customer' },
  provider = {},
  filter: more = {},
  perRoute,
  now,
}: Setup = {}): Promise<string> {
  fetches = 0;
  const remote = { remote_jwks: { http_uri: { uri: 'http://keys/jwks.json', cluster: 'keys', timeout: '1s' }, cache_duration: '300s' } };
  const plane = await startDataPlane(
    testBootstrap({
      http1Clusters: { keys: portOf(front), echo: portOf(echo) },
      routes: [
        {
          match: { prefix: '/' },
          route: { cluster: 'echo' },
          ...(perRoute !== undefined && {
            typed_per_filter_config: {
              'envoy.filters.http.jwt_authn': {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig',
                ...perRoute,
              },
            },
          }),
        },
      ],
      filters: [
        filter('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
          providers: {
            customer: { issuer: 'https://securetoken.google.com/kumiko-local', audiences: ['kumiko-local'], ...remote, ...provider },
            partner: { issuer: 'https://partner.kumiko-local.kumiko.internal', forward: true, ...remote },
          },
          rules: [{ match: { prefix: '/' }, requires }],
          ...more,
        }),
      ],
    }),
    now === undefined ? {} : { now },
  );
  planes.push(plane);
  return `http://127.0.0.1:${plane.ports.test}/`;
}

async function call(
  url: string,
  token?: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; seen: Record<string, string> }> {
  const response = await fetch(url, { headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) } });
  const text = await response.text();
  return { status: response.status, text, seen: response.status === 200 ? JSON.parse(text) : {} };
}

describe('requirements', () => {
  const any = (...requirements: object[]) => ({ requires_any: { requirements } });

  test('requires_any: the first success is enough, and the error about a known issuer is told', async () => {
    const url = await start({ requires: any({ provider_name: 'customer' }, { provider_name: 'partner' }) });
    expect((await call(url, await authority.token({ as: 'partner' }))).status).toBe(200);
    expect(await call(url, await authority.token({ as: 'customer', expiresIn: -100 }))).toMatchObject({
      status: 401,
      text: 'Jwt is expired',
    });
    expect(await call(url, await authority.token({ as: 'operator' }))).toMatchObject({ status: 401, text: 'Jwt issuer is not configured' });
    expect(await call(url)).toMatchObject({ status: 401, text: 'Jwt is missing' });
  });

  test('allow_missing lets requests without a token in, and still refuses a bad one', async () => {
    const url = await start({ requires: any({ provider_name: 'customer' }, { allow_missing: {} }) });
    expect((await call(url)).status).toBe(200);
    expect((await call(url, await authority.token({ as: 'customer' }))).status).toBe(200);
    expect((await call(url, await authority.token({ as: 'customer', signature: 'other-key' }))).status).toBe(401);
    const alone = await start({ requires: { allow_missing: {} } });
    expect((await call(alone)).status).toBe(200);
    expect((await call(alone, await authority.token({ as: 'partner' }))).status).toBe(200);
    expect((await call(alone, await authority.token({ as: 'operator' }))).status).toBe(401);
    const failed = await start({ requires: { allow_missing_or_failed: {} } });
    expect((await call(failed, 'nonsense')).status).toBe(200);
  });

  test('requires_all needs each, provider_and_audiences replaces the audiences', async () => {
    const all = await start({
      requires: { requires_all: { requirements: [{ provider_name: 'customer' }, { provider_name: 'partner' }] } },
    });
    expect((await call(all, await authority.token({ as: 'customer' }))).status).toBe(401);
    const other = await start({ requires: { provider_and_audiences: { provider_name: 'customer', audiences: ['other'] } } });
    expect((await call(other, await authority.token({ as: 'customer' }))).status).toBe(403);
    expect((await call(other, await authority.token({ as: 'customer', claims: { aud: 'other' } }))).status).toBe(200);
  });

  test('a route can switch it off or name a requirement', async () => {
    expect((await call(await start({ perRoute: { disabled: true } }))).status).toBe(200);
    const named = await start({
      perRoute: { requirement_name: 'partners' },
      filter: { requirement_map: { partners: { provider_name: 'partner' } } },
    });
    expect((await call(named, await authority.token({ as: 'partner' }))).status).toBe(200);
    expect((await call(named, await authority.token({ as: 'customer' }))).status).toBe(401);
  });

  test('no rule that matches means no authentication', async () => {
    const url = await start({ filter: { rules: [{ match: { prefix: '/private' }, requires: { provider_name: 'customer' } }] } });
    expect((await call(url)).status).toBe(200);
    expect((await call(`${url}private`)).status).toBe(401);
  });
});

test('a verified token is passed on as configured, and a client cannot set those headers', async () => {
  const url = await start({
    provider: {
      forward_payload_header: 'x-payload',
      claim_to_headers: [
        { header_name: 'x-sub', claim_name: 'sub' },
        { header_name: 'x-deep', claim_name: 'a.b' },
      ],
    },
  });
  const token = await authority.token({ as: 'customer', claims: { a: { b: 7 } } });
  const { seen } = await call(url, token, { 'x-payload': 'forged', 'x-sub': 'forged' });
  expect(seen['x-payload']).toBe(token.split('.')[1]);
  expect(seen).toMatchObject({ 'x-sub': 'alice', 'x-deep': '7' });
  expect(seen.authorization).toBeUndefined();
});

describe('keys', () => {
  test('are fetched once for all who wait, kept for cache_duration, and fetched again after', async () => {
    let now = Date.now();
    const url = await start({ now: () => now });
    const token = await authority.token({ as: 'customer' });
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await call(url, token)).status));
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect(fetches).toBe(1);
    now += 299_000;
    await call(url, token);
    expect(fetches).toBe(1);
    now += 2_000;
    await call(url, token);
    expect(fetches).toBe(2);
  });

  test('that cannot be fetched are told', async () => {
    failing = true;
    const url = await start();
    expect(await call(url, await authority.token({ as: 'customer' }))).toMatchObject({ status: 401, text: 'Jwks remote fetch is failed' });
  });

  test('a cached token needs no keys, but its times are checked each time', async () => {
    let now = Date.now();
    const url = await start({ provider: { jwt_cache_config: { jwt_cache_size: 10 } }, now: () => now });
    const token = await authority.token({ as: 'customer', expiresIn: 3600 });
    expect((await call(url, token)).status).toBe(200);
    failing = true;
    now += 1_000_000;
    expect((await call(url, token)).status).toBe(200);
    now += 3_000_000;
    expect(await call(url, token)).toMatchObject({ status: 401, text: 'Jwt is expired' });
  });
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { configuration, hourMs, jwt, RunningFilter, tokenHeader } from './testing/running-filter.ts';

let filter: RunningFilter;

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  filter = await RunningFilter.start();
});

afterEach(() => {
  filter.plugin.close();
  expect(filter.trapped).toBe(false);
  vi.useRealTimers();
});

/** Lets the prefetch of all tokens happen; the last one is an access token. */
function prefetch(lifetimeMs = hourMs): void {
  vi.advanceTimersByTime(50);
  filter.proxy.calls.splice(2)[0]!.answer('200', JSON.stringify({ access_token: 'a', expires_in: 1e9 }));
  for (const call of filter.proxy.calls) call.answer('200', jwt(lifetimeMs));
}

test('the first request waits for the token and goes on with it; the next ones find it cached', () => {
  const first = filter.request('customer');
  expect(first.action).toBe('stop');
  expect(filter.metric('waiting')).toBe(1);
  const token = jwt(hourMs);
  filter.proxy.calls[0]!.answer('200', `${token}\n`);
  expect(first.environment.continued).toBe(1);
  expect(first.token()).toBe(`Bearer ${token}`);
  const second = filter.request('customer');
  expect(second.action).toBe('continue');
  expect(second.token()).toBe(`Bearer ${token}`);
  expect(filter.proxy.calls).toHaveLength(1);
  expect([filter.metric('requests'), filter.metric('cache_hits'), filter.metric('fetches'), filter.metric('waiting')]).toEqual([
    2, 1, 1, 0,
  ]);
});

test('asks the metadata server as its documentation says, with the audience URL-encoded', () => {
  filter.request('customer');
  const { cluster, headers, body } = filter.proxy.calls[0]!.request;
  expect(cluster).toBe('metadata');
  expect(body).toHaveLength(0);
  expect([...headers.entries()]).toEqual([
    [':method', 'GET'],
    [
      ':path',
      '/computeMetadata/v1/instance/service-accounts/default/identity?audience=https%3A%2F%2Fcustomer.example%2Fpath%3Fa%3D1%26b%3D2&format=full',
    ],
    [':authority', 'metadata.google.internal'],
    ['metadata-flavor', 'Google'],
  ]);
});

test('a hundred requests at once make one fetch, also from two clusters with the same audience', () => {
  const requests = Array.from({ length: 100 }, (_, index) => filter.request(index % 2 ? 'customer' : 'customer-preview'));
  expect(filter.proxy.calls).toHaveLength(1);
  filter.proxy.calls[0]!.answer('200', jwt(hourMs));
  expect(requests.every(({ environment, token }) => environment.continued === 1 && token()?.startsWith('Bearer '))).toBe(true);
});

test('each audience has its own token', () => {
  const customer = filter.request('customer');
  const partner = filter.request('partner');
  filter.proxy.calls[1]!.answer('200', jwt(hourMs, { aud: 'p' }));
  expect(customer.environment.continued).toBe(0);
  filter.proxy.calls[0]!.answer('200', jwt(hourMs, { aud: 'c' }));
  expect(customer.token()).not.toBe(partner.token());
});

test('tokens are fetched ahead of the first request', () => {
  prefetch();
  expect(filter.proxy.calls).toHaveLength(2);
  expect(filter.request('customer').action).toBe('continue');
  expect(filter.request('partner').action).toBe('continue');
});

test('a token is refreshed three to four minutes before its end, and the old one serves until the new one is there', () => {
  prefetch();
  const old = filter.request('customer').token();
  vi.advanceTimersByTime(hourMs - 241_000);
  expect(filter.proxy.calls).toHaveLength(2);
  vi.advanceTimersByTime(62_000);
  expect(filter.proxy.calls).toHaveLength(4);
  expect(filter.request('customer').token()).toBe(old);
  const fresh = jwt(hourMs);
  filter.proxy.calls[2]!.answer('200', fresh);
  expect(filter.request('customer').token()).toBe(`Bearer ${fresh}`);
});

test('refreshes of two instances of the filter do not fall together', async () => {
  const refreshTimes: number[] = [];
  for (let instance = 0; instance < 4; instance++) {
    vi.setSystemTime(Date.UTC(2026, 0, 1, 0, 0, 0, instance));
    const other = await RunningFilter.start({ ...configuration, access_token_scopes: undefined });
    vi.advanceTimersByTime(50);
    const began = Date.now();
    for (const call of other.proxy.calls) call.answer('200', jwt(hourMs));
    const fetched = other.proxy.calls.length;
    while (other.proxy.calls.length === fetched) vi.advanceTimersByTime(1000);
    refreshTimes.push(Math.round((Date.now() - began) / 1000));
    other.plugin.close();
  }
  expect(new Set(refreshTimes).size).toBe(4);
});

test('a token is not used in its last thirty seconds', () => {
  prefetch(100_000);
  vi.advanceTimersByTime(69_000);
  expect(filter.request('customer').action).toBe('continue');
  vi.advanceTimersByTime(2_000);
  expect(filter.request('customer').action).toBe('stop');
});

test('a still valid token serves while refreshing fails, and the refresh goes on being tried', () => {
  prefetch();
  vi.advanceTimersByTime(hourMs - 100_000);
  for (let i = 2; i < filter.proxy.calls.length; i++) filter.proxy.calls[i]!.answer('503');
  const before = filter.proxy.calls.length;
  expect(filter.request('customer').action).toBe('continue');
  vi.advanceTimersByTime(6_000);
  expect(filter.proxy.calls.length).toBeGreaterThan(before);
  expect(filter.request('customer').action).toBe('continue');
});

test("a copy of the header that the client sent never goes upstream, whatever becomes of the request's token", () => {
  const spoofed = [
    [tokenHeader, 'Bearer forged'],
    [tokenHeader, 'Bearer twice'],
  ] as const;
  const waiting = filter.request('customer', spoofed);
  expect(waiting.token()).toBeUndefined();
  filter.proxy.calls[0]!.answer('200', jwt(hourMs));
  const cached = filter.request('customer', spoofed);
  for (const { environment } of [waiting, cached]) {
    const values = [...environment.request.entries()].filter(([name]) => name === tokenHeader).map(([, value]) => value);
    expect(values).toEqual([expect.stringMatching(/^Bearer ey/)]);
  }
  expect(filter.request('open', spoofed).token()).toBeUndefined();
  expect(filter.request(undefined, spoofed, 'not-found').token()).toBeUndefined();
});

test('a cluster that the configuration lacks is refused, one with null passes without a token', () => {
  const unknown = filter.request('unlisted');
  expect(unknown.action).toBe('stop');
  expect(unknown.environment.replies[0]).toMatchObject({ status: 503, details: 'metadata_token_unknown_cluster' });
  expect(Buffer.from(unknown.environment.replies[0]!.body).toString()).toBe('The gateway has no token for the upstream of this request.\n');
  filter.request('unlisted');
  expect(filter.proxy.lines.filter((line) => line.includes('cluster "unlisted"'))).toHaveLength(1);
  expect(filter.request('open').action).toBe('continue');
});

test.each(['not-found', 'unknown-preview/kumiko.partner.v1.PartnerService'])('a route that answers by itself, %s, answers', (route) => {
  expect(filter.request(undefined, [], route).action).toBe('continue');
});

test.each([undefined, 'rest/v1/', 'not-found/', 'unknown-preview', ''])('without a cluster, a request on route %j is refused', (route) => {
  const request = filter.request(undefined, [[tokenHeader, 'Bearer forged']], route);
  expect(request.action).toBe('stop');
  expect(request.environment.replies[0]).toMatchObject({ status: 503, details: 'metadata_token_no_cluster', grpcStatus: -1 });
  filter.request(undefined, [], route);
  expect(filter.proxy.lines.filter((line) => line.startsWith('error: metadata-token: '))).toHaveLength(1);
});

test('a client that disconnects during the fetch takes nothing with it', () => {
  const before = filter.request('customer');
  const gone = filter.request('customer');
  const after = filter.request('customer');
  gone.stream.onDone();
  expect(filter.metric('waiting')).toBe(2);
  filter.proxy.calls[0]!.answer('200', jwt(hourMs));
  expect([before, gone, after].map(({ environment }) => environment.continued)).toEqual([1, 0, 1]);
  expect([before, gone, after].flatMap(({ environment }) => environment.replies)).toEqual([]);
  expect(filter.metric('denied')).toBe(0);
  expect(filter.request('customer').action).toBe('continue');
});

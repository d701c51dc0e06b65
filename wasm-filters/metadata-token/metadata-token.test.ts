import { expect, test, vi } from 'vitest';
import { configuration, hourMs, jwt, RunningFilter, tokenHeader } from './testing/running-filter.ts';
import { useFilter } from './testing/use-filter.ts';

const filter = useFilter();

/** Lets the prefetch of all tokens happen; the last one is an access token. */
function prefetch(lifetimeMs = hourMs): void {
  vi.advanceTimersByTime(50);
  filter()
    .host.calls.splice(2)[0]!
    .answer('200', JSON.stringify({ access_token: 'a', expires_in: 1e9 }));
  for (const call of filter().host.calls) call.answer('200', jwt(lifetimeMs));
}

test('the first request waits for the token and goes on with it; the next ones find it cached', () => {
  const first = filter().request('customer');
  expect(first.stream.state).toBe('stopped');
  expect(filter().metric('waiting')).toBe(1);
  const token = jwt(hourMs);
  filter().host.calls[0]!.answer('200', `${token}\n`);
  expect(first.stream.state).toBe('sent');
  expect(first.token()).toBe(`Bearer ${token}`);
  const second = filter().request('customer');
  expect(second.stream.state).toBe('sent');
  expect(second.token()).toBe(`Bearer ${token}`);
  expect(filter().host.calls).toHaveLength(1);
  expect([filter().metric('fetches'), filter().metric('waiting')]).toEqual([1, 0]);
});

test('a request whose token is there costs two host calls', () => {
  prefetch();
  const calls: string[] = [];
  filter().host.onHostCall = (name) => calls.push(name);
  expect(filter().request('customer').stream.state).toBe('sent');
  expect(calls).toEqual(['proxy_get_property', 'proxy_replace_header_map_value']);
});

test('asks the metadata server as its documentation says, with the audience URL-encoded', () => {
  filter().request('customer');
  const { cluster, headers } = filter().host.calls[0]!.request;
  expect(cluster).toBe('metadata');
  expect(headers.entries()).toEqual([
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
  const requests = Array.from({ length: 100 }, (_, index) => filter().request(index % 2 ? 'customer' : 'customer-of-old'));
  expect(filter().host.calls).toHaveLength(1);
  filter().host.calls[0]!.answer('200', jwt(hourMs));
  expect(requests.every(({ stream, token }) => stream.state === 'sent' && token()?.startsWith('Bearer '))).toBe(true);
});

test('each audience has its own token', () => {
  const customer = filter().request('customer');
  const partner = filter().request('partner');
  filter().host.calls[1]!.answer('200', jwt(hourMs, { aud: 'p' }));
  expect(customer.stream.state).toBe('stopped');
  filter().host.calls[0]!.answer('200', jwt(hourMs, { aud: 'c' }));
  expect(customer.token()).not.toBe(partner.token());
});

test('tokens are fetched ahead of the first request', () => {
  prefetch();
  expect(filter().host.calls).toHaveLength(2);
  expect(filter().request('customer').stream.state).toBe('sent');
  expect(filter().request('partner').stream.state).toBe('sent');
});

test('a token is refreshed three to four minutes before its end, and the old one serves until the new one is there', () => {
  prefetch();
  const old = filter().request('customer').token();
  vi.advanceTimersByTime(hourMs - 241_000);
  expect(filter().host.calls).toHaveLength(2);
  while (filter().host.calls.length === 2) vi.advanceTimersByTime(1_000);
  expect(Date.now()).toBeLessThan(Date.UTC(2026, 0, 1) + hourMs - 179_000);
  expect(filter().request('customer').token()).toBe(old);
  const fresh = jwt(hourMs);
  filter().host.calls[2]!.answer('200', fresh);
  expect(filter().request('customer').token()).toBe(`Bearer ${fresh}`);
});

test('refreshes of two instances of the filter do not fall together', async () => {
  const refreshTimes: number[] = [];
  for (let instance = 0; instance < 4; instance++) {
    vi.setSystemTime(Date.UTC(2026, 0, 1, 0, 0, 0, instance));
    const other = await RunningFilter.start({ ...configuration, access_token_scopes: undefined });
    vi.advanceTimersByTime(50);
    const began = Date.now();
    for (const call of other.host.calls) call.answer('200', jwt(hourMs));
    const fetched = other.host.calls.length;
    while (other.host.calls.length === fetched) vi.advanceTimersByTime(1000);
    refreshTimes.push(Math.round((Date.now() - began) / 1000));
    other.host.close();
  }
  expect(new Set(refreshTimes).size).toBe(4);
});

test('a token is not used in its last thirty seconds', () => {
  prefetch(100_000);
  vi.advanceTimersByTime(69_000);
  expect(filter().request('customer').stream.state).toBe('sent');
  vi.advanceTimersByTime(2_000);
  expect(filter().request('customer').stream.state).toBe('stopped');
});

test('a still valid token serves while refreshing fails, and the refresh goes on being tried', () => {
  prefetch();
  vi.advanceTimersByTime(hourMs - 100_000);
  for (let i = 2; i < filter().host.calls.length; i++) filter().host.calls[i]!.answer('503');
  const before = filter().host.calls.length;
  expect(filter().request('customer').stream.state).toBe('sent');
  vi.advanceTimersByTime(6_000);
  expect(filter().host.calls.length).toBeGreaterThan(before);
  expect(filter().request('customer').stream.state).toBe('sent');
});

test("a copy of the header that the client sent never goes upstream, whatever becomes of the request's token", () => {
  const spoofed = [
    [tokenHeader, 'Bearer forged'],
    [tokenHeader, 'Bearer twice'],
  ] as const;
  const waiting = filter().request('customer', { headers: spoofed });
  expect(waiting.token()).toBeUndefined();
  filter().host.calls[0]!.answer('200', jwt(hourMs));
  const cached = filter().request('customer', { headers: spoofed });
  for (const { stream } of [waiting, cached]) {
    const values = stream.headers
      .entries()
      .filter(([name]) => name === tokenHeader)
      .map(([, value]) => value);
    expect(values).toEqual([expect.stringMatching(/^Bearer ey/)]);
  }
  expect(filter().request('open', { headers: spoofed }).token()).toBeUndefined();
  expect(filter().request(undefined, { headers: spoofed, route: 'preview/x' }).token()).toBeUndefined();
});

test('a cluster that the configuration lacks is refused, one with null passes without a token', () => {
  const unknown = filter().request('unlisted');
  expect(unknown.stream.reply).toMatchObject({ status: 503, details: 'metadata_token_unknown_cluster' });
  expect(unknown.stream.reply!.body).toBe('The gateway has no token for the upstream of this request.\n');
  filter().request('unlisted');
  expect(filter().host.lines.filter((line) => line.includes('cluster "unlisted"'))).toHaveLength(1);
  expect(filter().request('open').stream.state).toBe('sent');
});

test('what is behind an "@" in the name of a cluster tells revisions apart, which share the audience', () => {
  prefetch();
  const tokens = ['customer', 'customer@pr-1', 'customer@', 'customer@pr-1@2'].map((cluster) => filter().request(cluster).token());
  expect(tokens).toEqual(Array(4).fill(tokens[0]));
  expect(tokens[0]).toMatch(/^Bearer /);
  for (const cluster of ['customer-', 'customer1@pr-1', 'custome@r', '@customer', 'Customer@pr-1']) {
    expect(filter().request(cluster).stream.reply).toMatchObject({ status: 503, details: 'metadata_token_unknown_cluster' });
  }
});

test('a route that may lead nowhere is left to the router', () => {
  expect(filter().request(undefined, { route: 'preview/kumiko.partner.v1.PartnerService' }).stream.state).toBe('sent');
});

test('where nothing is found the filter itself says so: the route of such a request may be another by the time it goes on', () => {
  expect(filter().request(undefined, { route: 'not-found' }).stream.reply).toMatchObject({
    status: 404,
    body: '',
    details: 'route_not_found',
  });
  expect(filter().metric('denied')).toBe(0);
});

test.each([null, 'rest/v1/', 'not-found/', 'preview', ''])('without a cluster, a request on route %j is refused', (route) => {
  const request = filter().request(undefined, { headers: [[tokenHeader, 'Bearer forged']], route });
  expect(request.stream.reply).toMatchObject({ status: 503, details: 'metadata_token_no_cluster', grpcStatus: -1 });
  filter().request(undefined, { route });
  expect(filter().host.lines.filter((line) => line.startsWith('error: metadata-token: '))).toHaveLength(1);
});

test('a client that disconnects during the fetch takes nothing with it', () => {
  const before = filter().request('customer');
  const gone = filter().request('customer');
  const after = filter().request('customer');
  gone.stream.end();
  filter().host.calls[0]!.answer('200', jwt(hourMs));
  expect([before, gone, after].map(({ stream }) => stream.state)).toEqual(['sent', 'gone', 'sent']);
  expect([filter().metric('denied'), filter().metric('waiting')]).toEqual([0, 0]);
  expect(filter().request('customer').stream.state).toBe('sent');
});

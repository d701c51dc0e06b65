import { expect, test, vi } from 'vitest';
import { hourMs, jwt, jwtOf, type Request } from './testing/running-filter.ts';
import { useFilter } from './testing/use-filter.ts';

const filter = useFilter({
  metadata_cluster: 'metadata',
  token_header: 'x-serverless-authorization',
  audiences: { customer: 'https://customer.example' },
});

const lastCall = () => filter().host.calls.at(-1)!;

/** Fails every attempt that the filter makes for the requests which wait. */
function failAllAttempts(): void {
  for (let attempt = 0; attempt < 3; attempt++) {
    lastCall().answer('503');
    vi.advanceTimersByTime(500);
  }
}

function expectUnavailable({ stream, token }: Request): void {
  expect(token()).toBeUndefined();
  expect(stream.reply).toMatchObject({ status: 503, details: 'metadata_token_unavailable', grpcStatus: -1 });
  expect(stream.reply!.body).toBe('The gateway cannot get its own identity at the moment. Try again.\n');
}

test('a failed fetch is tried again twice, and the request that waits gets the token after all', () => {
  const request = filter().request('customer');
  lastCall().answer('503');
  vi.advanceTimersByTime(200);
  lastCall().breakOff();
  vi.advanceTimersByTime(300);
  expect(filter().host.calls).toHaveLength(3);
  lastCall().answer('200', jwt(hourMs));
  expect(request.stream.state).toBe('sent');
  expect([filter().metric('fetches'), filter().metric('fetch_failures')]).toEqual([3, 2]);
});

test('when every attempt fails, all who wait get 503 and nothing goes upstream', () => {
  const requests = [filter().request('customer'), filter().request('customer')];
  failAllAttempts();
  requests.forEach(expectUnavailable);
  expect([filter().metric('denied'), filter().metric('waiting')]).toEqual([2, 0]);
});

test('right after a failure requests are refused without another fetch, and a while later one is made', () => {
  filter().request('customer');
  for (let attempt = 0; attempt < 3; attempt++) {
    lastCall().answer('503');
    if (attempt < 2) vi.advanceTimersByTime(300);
  }
  expect(filter().host.calls).toHaveLength(3);
  expectUnavailable(filter().request('customer'));
  expect(filter().host.calls).toHaveLength(3);
  vi.advanceTimersByTime(2_000);
  const later = filter().request('customer');
  expect(filter().host.calls).toHaveLength(4);
  lastCall().answer('200', jwt(hourMs));
  expect(later.stream.state).toBe('sent');
});

test('an outage is over at most a few seconds after the metadata server is back', () => {
  for (let second = 0; second < 60; second++) {
    filter().request('customer');
    lastCall().answer('503');
    vi.advanceTimersByTime(1_000);
  }
  const before = filter().host.calls.length;
  vi.advanceTimersByTime(7_000);
  expect(filter().host.calls.length).toBeGreaterThan(before);
});

test('no healthy metadata host fails synchronously, and is tried again', () => {
  filter().host.refuseCalls = () => 'no-healthy-host';
  const request = filter().request('customer');
  expect(request.stream.reply).toBeUndefined();
  filter().host.refuseCalls = () => undefined;
  vi.advanceTimersByTime(200);
  lastCall().answer('200', jwt(hourMs));
  expect(request.stream.state).toBe('sent');
});

test('a metadata cluster that the proxy does not know is asked again, since a proxy that starts learns it in a moment; then the log names it', () => {
  filter().host.refuseCalls = () => 'unknown-cluster';
  const early = filter().request('customer');
  filter().host.refuseCalls = () => undefined;
  vi.advanceTimersByTime(200);
  lastCall().answer('200', jwt(hourMs));
  expect(early.stream.state).toBe('sent');
});

test('one that it never knows refuses, and the log names it', () => {
  filter().host.refuseCalls = () => 'unknown-cluster';
  const request = filter().request('customer');
  vi.advanceTimersByTime(500);
  expectUnavailable(request);
  expect(filter().host.lines.join('\n')).toContain('is there a cluster "metadata"?');
});

test('an answer that says no (404: no such service account) is not tried again for those who wait', () => {
  const request = filter().request('customer');
  lastCall().answer('404');
  expectUnavailable(request);
  expect(filter().host.calls).toHaveLength(1);
});

test.each([
  ['an empty body', ''],
  ['text', 'not found'],
  ['two parts', 'aaaa.bbbb'],
  ['four parts', 'a.b.c.d'],
  ['an unsigned token', jwtOf({ exp: 4_000_000_000 }).replace(/[^.]*$/, '')],
  ['no exp', jwtOf({ sub: 'x' })],
  ['a text as exp', jwtOf({ exp: '4000000000' })],
  ['an infinite exp', jwtOf('{"exp":1e999}')],
  ['a negative exp', jwtOf({ exp: -1 })],
  ['an expired token', jwtOf({ exp: 1_000_000_000 })],
  ['a payload that is no JSON', jwtOf('{"exp":4000000000')],
  ['a line break inside', jwtOf({ exp: 4_000_000_000 }).replace('.', '\r\nx-injected: 1.')],
  ['a body beyond the limit', jwtOf({ exp: 4_000_000_000, pad: 'x'.repeat(20_000) })],
])('%s in place of a token is a failure', (_, body) => {
  const request = filter().request('customer');
  for (let attempt = 0; attempt < 3; attempt++) {
    lastCall().answer('200', body);
    vi.advanceTimersByTime(300);
  }
  expectUnavailable(request);
});

test('an exp with a fraction, and one behind other claims and nested objects, is read', () => {
  const request = filter().request('customer');
  lastCall().answer('200', jwtOf(`{"google":{"exp":1,"list":[1,"}",{}]},"email":"\\u00e9\\"x","exp":${Date.now() / 1000 + 3600.5}}`));
  expect(request.stream.state).toBe('sent');
});

test('an exp in milliseconds does not stop the refreshing', () => {
  filter().request('customer');
  lastCall().answer('200', jwtOf({ exp: Date.now() + hourMs }));
  vi.advanceTimersByTime(hourMs + 2_000);
  expect(filter().host.calls).toHaveLength(2);
});

test('a thousand requests may wait, and the next one is refused until one of them has gone', () => {
  const requests = Array.from({ length: 1_000 }, () => filter().request('customer'));
  const refused = filter().request('customer');
  expect(refused.stream.reply).toMatchObject({ status: 503, details: 'metadata_token_overloaded' });
  requests[0]!.stream.end();
  vi.advanceTimersByTime(50);
  expect(filter().request('customer').stream.reply).toBeUndefined();
  lastCall().answer('200', jwt(hourMs));
  expect(requests.slice(1).every(({ stream }) => stream.state === 'sent')).toBe(true);
});

test('all who wait disconnect during the back-off: the fetch goes on for those who come', () => {
  const gone = filter().request('customer');
  lastCall().answer('503');
  gone.stream.end();
  vi.advanceTimersByTime(2_000);
  lastCall().answer('200', jwt(hourMs));
  expect(filter().request('customer').stream.state).toBe('sent');
});

test('the log says what went wrong and never shows a token', () => {
  const token = jwt(hourMs);
  filter().request('customer');
  lastCall().answer('502');
  vi.advanceTimersByTime(200);
  lastCall().answer('200', token);
  const log = filter().host.lines.join('\n');
  expect(log).toContain(
    'warn: metadata-token: the metadata server gave no ID token for audience "https://customer.example": it answered with status 502',
  );
  expect(log).not.toContain(token);
  expect(log).not.toContain(token.split('.')[1]);
});

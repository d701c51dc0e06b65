import { expect, test, vi } from 'vitest';
import { useFilter } from './testing/use-filter.ts';

const filter = useFilter({
  metadata_cluster: 'metadata',
  token_header: 'x-serverless-authorization',
  audiences: { customer: 'https://customer.example' },
  access_token_scopes: {
    apis: 'https://www.googleapis.com/auth/cloud-platform,openid',
    storage: 'https://www.googleapis.com/auth/cloud-platform,openid',
  },
});

const reply = (token: unknown, seconds: unknown): string =>
  JSON.stringify({ access_token: token, expires_in: seconds, token_type: 'Bearer' });

test('a cluster with scopes gets an access token, which clusters with the same scopes share', () => {
  const request = filter().request('apis');
  expect(filter().host.calls[0]!.request.headers.get(':path')).toBe(
    '/computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform%2Copenid',
  );
  filter().host.calls[0]!.answer('200', reply('ya29.c_x-/+~=', 3599));
  expect(request.token()).toBe('Bearer ya29.c_x-/+~=');
  expect(filter().request('storage').token()).toBe('Bearer ya29.c_x-/+~=');
});

test('an access token serves for its lifetime less thirty seconds', () => {
  filter().request('apis');
  filter().host.calls[0]!.answer('200', reply('t', 100));
  vi.advanceTimersByTime(69_000);
  expect(filter().request('apis').stream.state).toBe('sent');
  vi.advanceTimersByTime(2_000);
  expect(filter().request('apis').stream.state).toBe('stopped');
});

test('ID tokens and access tokens of one plugin do not mix', () => {
  filter().request('apis');
  filter().host.calls[0]!.answer('200', reply('t', 3599));
  expect(filter().request('customer').stream.state).toBe('stopped');
});

test.each([
  ['no JSON', 'ya29.x'],
  ['no token', reply(undefined, 3599)],
  ['an empty token', reply('', 3599)],
  ['a token with a line break', reply('a\r\nx: y', 3599)],
  ['no lifetime', reply('t', undefined)],
  ['a lifetime that is text', reply('t', '3599')],
  ['a lifetime of nothing', reply('t', 0)],
])('%s is a failure', (_, body) => {
  const request = filter().request('apis');
  for (let attempt = 0; attempt < 3; attempt++) {
    filter()
      .host.calls.findLast((call) => call.request.headers.get(':path')!.includes('/token?'))!
      .answer('200', body);
    vi.advanceTimersByTime(400);
  }
  expect(request.stream.reply).toMatchObject({ status: 503, details: 'metadata_token_unavailable' });
});

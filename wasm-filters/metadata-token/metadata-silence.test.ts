import { expect, test, vi } from 'vitest';
import { hourMs, jwt, type Request } from './testing/running-filter.ts';
import { useFilter } from './testing/use-filter.ts';

const filter = useFilter({
  metadata_cluster: 'metadata',
  token_header: 'x-serverless-authorization',
  audiences: { customer: 'https://customer.example' },
});

const within = (timeout: string) => filter().request('customer', { headers: [['grpc-timeout', timeout]] });

/** Milliseconds until the request is answered, to 10 ms. */
function patienceOf({ stream }: Request): number {
  const began = Date.now();
  while (stream.state === 'stopped') {
    if (Date.now() - began > 60_000) throw new Error('the request waits for ever');
    vi.advanceTimersByTime(10);
  }
  expect(stream.reply).toMatchObject({ status: 503, details: 'metadata_token_unavailable' });
  return Date.now() - began;
}

test('a metadata server that says nothing costs a caller less than five seconds, after several attempts', () => {
  expect(patienceOf(filter().request('customer'))).toBeLessThan(5_000);
  expect(filter().host.calls).toHaveLength(3);
  expect(filter().metric('waiting')).toBe(0);
});

test.each([10, 100, 1_000, 1_990, 2_050, 4_000, 4_800, 10_000])(
  'that holds for a request that comes %i ms after the start, too',
  (after) => {
    vi.advanceTimersByTime(after);
    expect(patienceOf(filter().request('customer'))).toBeLessThan(5_000);
  },
);

test('nobody waits for longer in the whole of a long silence', () => {
  for (let second = 0; second < 60; second++) {
    expect(patienceOf(filter().request('customer'))).toBeLessThan(5_000);
    vi.advanceTimersByTime(700);
  }
});

test.each([
  ['1S', 1_000],
  ['300m', 300],
  ['2000000u', 2_000],
  ['20000000n', 150],
])('a caller whose own time is %s is answered within it', (timeout, ms) => {
  expect(patienceOf(within(timeout))).toBeLessThan(ms);
});

test.each(['1M', '1H', '99999999S', '', 'S', '1', '1x', '-1S', '1.5S', '999999999S'])(
  'a grpc-timeout of "%s" makes nobody wait for longer',
  (timeout) => {
    const patience = patienceOf(within(timeout));
    expect(patience).toBeLessThan(5_000);
    expect(patience).toBeGreaterThan(4_000);
  },
);

test('whoever has no time left goes alone: the others wait on, and the fetch goes on for them', () => {
  const patient = filter().request('customer');
  patienceOf(within('500m'));
  expect(patient.stream.state).toBe('stopped');
  expect(filter().host.calls).toHaveLength(1);
  filter().host.calls[0]!.answer('200', jwt(hourMs));
  expect(patient.stream.state).toBe('sent');
});

test('a second attempt that is answered serves those who have waited since the first', () => {
  const request = filter().request('customer');
  vi.advanceTimersByTime(2_150);
  filter().host.calls[1]!.answer('200', jwt(hourMs));
  expect(request.stream.state).toBe('sent');
});

const reasons = () => filter().host.lines.map((line) => line.split('audience "https://customer.example": ')[1]);

test('the log says that there was no answer', () => {
  patienceOf(filter().request('customer'));
  expect(reasons()).toEqual(['no answer within 2000 ms', 'no answer within 2000 ms', 'no answer within 500 ms']);
});

test('it tells that from no connection, a broken one, and an answer', () => {
  filter().request('customer');
  filter().host.calls.at(-1)!.fail();
  vi.advanceTimersByTime(200);
  filter().host.calls.at(-1)!.breakOff();
  vi.advanceTimersByTime(300);
  filter().host.calls.at(-1)!.answer('504', 'the text of a server is not repeated');
  expect(reasons()).toEqual(['no connection, remote connection failure', 'the connection broke', 'it answered with status 504']);
});

import { afterEach, expect, test } from 'vitest';
import { type DataPlane, startDataPlane } from '../start-data-plane.ts';
import { filter, testBootstrap } from '../testing/test-bootstrap.ts';

let plane: DataPlane;
afterEach(() => plane.close());

test('each value of an open entry has a bucket of its own, what has none shares the default one, and time fills them', async () => {
  const always = { default_value: { numerator: 100 } };
  const bucket = (tokens: number) => ({ max_tokens: tokens, tokens_per_fill: tokens, fill_interval: '1s' });
  let now = 1_000_000;
  plane = await startDataPlane(
    testBootstrap({
      routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
      filters: [
        filter('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
          stat_prefix: 'caller',
          filter_enabled: always,
          filter_enforced: always,
          token_bucket: bucket(1),
          descriptors: [{ entries: [{ key: 'caller' }], token_bucket: bucket(2) }],
          rate_limits: [{ actions: [{ request_headers: { header_name: 'x-caller', descriptor_key: 'caller' } }] }],
          always_consume_default_token_bucket: false,
        }),
      ],
    }),
    { now: () => now },
  );
  const url = `http://127.0.0.1:${plane.ports.test}`;
  const statuses = async (...callers: string[]) => {
    const out: number[] = [];
    for (const caller of callers) out.push((await fetch(url, { headers: caller === '' ? {} : { 'x-caller': caller } })).status);
    return out;
  };
  expect(await statuses('a', 'a', 'a', 'b', '', '')).toEqual([200, 200, 429, 200, 200, 429]);
  now += 1_000;
  expect(await statuses('a', '')).toEqual([200, 200]);
});

import { expect, test, vi } from 'vitest';
import { jwt, RunningFilter } from './testing/running-filter.ts';
import { useScriptedTime } from './testing/use-filter.ts';

const pageBytes = 65_536;

useScriptedTime();

/** Ten requests come for a token that is not there, some leave, and the fetch fails or succeeds with a token that lives for a minute. */
function round(filter: RunningFilter, index: number): void {
  const requests = Array.from({ length: 10 }, () => filter.request('customer'));
  for (const { stream } of requests.slice(0, 3)) stream.end();
  for (const call of filter.host.calls.splice(0)) {
    if (index % 3 === 0) call.answer('503');
    else call.answer('200', jwt(60_000, { pad: 'x'.repeat(index % 1000) }));
  }
  for (const { stream } of requests) stream.end();
  filter.host.lines.length = 0;
  vi.advanceTimersByTime(index % 3 === 0 ? 7_000 : 31_000);
}

test('two pages are enough for thousands of fetches, failures and disconnects', async () => {
  const filter = await RunningFilter.start();
  for (let index = 0; index < 5_000; index++) round(filter, index);
  expect(filter.host.memoryBytes / pageBytes).toBeLessThanOrEqual(2);
  expect(filter.metric('waiting')).toBe(0);
  filter.host.close();
});

test('a thousand waiting requests fit in a few pages, and waiting again needs no more', async () => {
  const filter = await RunningFilter.start();
  const sizes: number[] = [];
  for (let attempt = 0; attempt < 60; attempt++) {
    const requests = Array.from({ length: 1_000 }, () => filter.request('customer'));
    for (const call of filter.host.calls.splice(0)) call.answer('200', jwt(40_000));
    for (const { stream } of requests) stream.end();
    vi.advanceTimersByTime(60_000);
    sizes.push(filter.host.memoryBytes / pageBytes);
  }
  expect(sizes.at(-1)).toBeLessThanOrEqual(4);
  expect(new Set(sizes.slice(30)).size).toBe(1);
  filter.host.close();
});

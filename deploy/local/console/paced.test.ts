import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { paced } from './app/parts/paced.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Work that takes so long, paced, with the times at which it began. */
function work(tookMs: number) {
  const began: number[] = [];
  const startedAt = performance.now();
  const follow = paced(async () => {
    began.push(performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, tookMs));
  });
  return { began, follow };
}

it('works at once, and then once for all that ask meanwhile, no more than a twentieth of the time', async () => {
  const { began, follow } = work(100);
  for (let ask = 0; ask < 10; ask += 1) follow.ask();
  await vi.advanceTimersByTimeAsync(2_000);
  follow.ask();
  expect(began).toEqual([0]);
  await vi.advanceTimersByTimeAsync(200);
  expect(began).toEqual([0, 2_100]);
});

it('does nothing that nobody asks for, and nothing once it is closed', async () => {
  const { began, follow } = work(10);
  follow.ask();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(began).toEqual([0]);
  follow.close();
  follow.ask();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(began).toEqual([0]);
});

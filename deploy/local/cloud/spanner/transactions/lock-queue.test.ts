import { expect, it } from 'vitest';
import { createAdvanceableClock } from '../../../shared/clock/advanceable-clock.ts';
import { LockQueue } from './lock-queue.ts';

const stillClock = { now: () => 0, schedule: () => () => {} };
const never = new AbortController().signal;

function holder(expelled: () => void = () => {}) {
  return { expelled };
}

it('grants the lock in the order in which it was asked for', async () => {
  const queue = new LockQueue(stillClock);
  const order: number[] = [];
  const holders = [1, 2, 3, 4].map(() => holder());
  const work = holders.map(async (each, index) => {
    await queue.acquire(each, never);
    order.push(index);
    queue.release(each);
  });
  await Promise.all(work);
  expect(order).toEqual([0, 1, 2, 3]);
});

it('counts the silence of a holder from when it got the lock, not from when it asked', async () => {
  const clock = createAdvanceableClock(stillClock);
  const queue = new LockQueue(clock);
  const expelled: string[] = [];
  const [first, second, third] = ['first', 'second', 'third'].map((name) => holder(() => expelled.push(name))) as [never, never, never];
  await queue.acquire(first, never);
  const secondGranted = queue.acquire(second, never);
  const thirdGranted = queue.acquire(third, never);
  clock.advance(1_999);
  queue.touch(first);
  clock.advance(1_999);
  expect(expelled).toEqual([]);
  clock.advance(1);
  expect(expelled).toEqual(['first']);
  expect(await secondGranted).toBe(true);
  clock.advance(1_999);
  expect(expelled).toEqual(['first']);
  clock.advance(1);
  expect(expelled).toEqual(['first', 'second']);
  expect(await thirdGranted).toBe(true);
  clock.advance(60_000);
  expect(expelled).toEqual(['first', 'second']);
});

it('does not grant the lock to who gave up', async () => {
  const queue = new LockQueue(stillClock);
  const first = holder();
  const gaveUp = new AbortController();
  await queue.acquire(first, never);
  const second = queue.acquire(holder(), gaveUp.signal);
  const third = queue.acquire(holder(), never);
  gaveUp.abort();
  queue.release(first);
  expect(await second).toBe(false);
  expect(await third).toBe(true);
  expect(await queue.acquire(holder(), gaveUp.signal)).toBe(false);
});

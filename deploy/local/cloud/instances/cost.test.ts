import { expect, test } from 'vitest';
import { costOf } from './cost.ts';
import { simulate } from './simulate.ts';

const size = { cpu: 1, memoryGib: 0.5 } as const;
const limits = { minInstances: 0, maxInstances: 4, concurrency: 10, idleMs: 900_000 };
const options = { limits, startupMs: 500, untilMs: 3_600_000 };

test('an hour of one request costs a start and the request, rounded up, whatever the instance waits for afterwards', () => {
  const one = simulate([{ atMs: 0, durationMs: 30 }], options);
  expect(one).toEqual({ activeSeconds: 0.6, keptIdleSeconds: 0, lifeSeconds: 900.53, requests: 1, waited: 1, mostInstances: 1 });
  expect(costOf(one, { ...size, billing: 'request' })).toBeCloseTo(0.6 * (0.000_024 + 0.000_001_25) + 0.000_000_4, 12);
  expect(costOf(one, { ...size, billing: 'instance' })).toBeCloseTo(900.53 * (0.000_018 + 0.000_001), 12);
});

test('an instance that is kept costs its idle time, and spares the wait', () => {
  const kept = simulate([{ atMs: 10_000, durationMs: 100 }], { ...options, limits: { ...limits, minInstances: 1 } });
  expect(kept).toMatchObject({ activeSeconds: 0.6, keptIdleSeconds: 3_599.4, lifeSeconds: 3_600, waited: 0 });
  expect(costOf(kept, { ...size, billing: 'request' })).toBeCloseTo(0.6 * 0.000_025_25 + 3_599.4 * 0.000_003_75 + 0.000_000_4, 10);
});

test('requests that share an instance share its time', () => {
  const requests = Array.from({ length: 10 }, () => ({ atMs: 5_000, durationMs: 1_000 }));
  const shared = simulate(requests, options);
  const alone = simulate(requests, { ...options, limits: { ...limits, concurrency: 1 } });
  expect([shared.mostInstances, alone.mostInstances]).toEqual([1, 4]);
  expect(shared.activeSeconds).toBe(1.5);
  expect(alone.activeSeconds).toBe(12);
});

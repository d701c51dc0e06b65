import { expect, test } from 'vitest';
import { seededRandom } from '../../../../services/platform/tools/seeded-random.ts';
import { decideScaling, neededFor, type ScaledInstance, type ScalingState } from './scaling.ts';

const limits = { minInstances: 0, maxInstances: 3, concurrency: 2, idleMs: 1_000 };
const instance = (requests: number, usedMs = 0): ScaledInstance => ({ requests, upMs: 0, usedMs });
const state = (changes: Partial<ScalingState<ScaledInstance>>): ScalingState<ScaledInstance> => ({
  nowMs: 10_000,
  limits,
  waiting: 0,
  ready: [],
  starting: 0,
  neededMs: [],
  noStartBeforeMs: 0,
  ...changes,
});

test('nothing runs where nobody calls, and the first request starts one', () => {
  expect(decideScaling(state({}))).toEqual({ start: 0, stop: [], againMs: undefined });
  expect(decideScaling(state({ waiting: 1 }))).toMatchObject({ start: 1 });
  expect(decideScaling(state({ waiting: 1, starting: 1 }))).toMatchObject({ start: 0 });
});

test('as many come at once as the requests fill, and no more than there may be', () => {
  expect(decideScaling(state({ waiting: 5 })).start).toBe(3);
  expect(decideScaling(state({ waiting: 50 })).start).toBe(3);
  expect(decideScaling(state({ waiting: 1, ready: [instance(2)], starting: 0 })).start).toBe(1);
  expect(decideScaling(state({ limits: { ...limits, minInstances: 2 } })).start).toBe(2);
});

test('one that is no longer needed goes after a while, the one that has rested longest', () => {
  const ready = [instance(0, 9_500), instance(0, 9_400)];
  expect(decideScaling(state({ ready, neededMs: [0, 9_500, 9_200] }))).toEqual({ start: 0, stop: [], againMs: 10_200 });
  expect(decideScaling(state({ ready, neededMs: [0, 9_500, 8_900] }))).toEqual({ start: 0, stop: [ready[1]], againMs: 10_500 });
});

test('none is ended that has a request, whatever is needed', () => {
  expect(decideScaling(state({ ready: [instance(1), instance(1)], neededMs: [0, 0, 0] })).stop).toEqual([]);
});

test('after a start that failed the next one waits', () => {
  expect(decideScaling(state({ waiting: 1, noStartBeforeMs: 10_100 }))).toEqual({ start: 0, stop: [], againMs: 10_100 });
});

test('whatever happens, the limits hold, nobody waits without a cause, and all comes to rest', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const pick = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
    const minInstances = pick(0, 2);
    const limits = { minInstances, maxInstances: minInstances + pick(1, 4), concurrency: pick(1, 5), idleMs: pick(10, 2_000) };
    let nowMs = 0;
    let waiting = 0;
    let starting = 0;
    let needed = 0;
    const neededMs: number[] = [];
    let ready: { requests: number; upMs: number; usedMs: number }[] = [];
    const requests = () => waiting + ready.reduce((sum, one) => sum + one.requests, 0);
    const decide = () => {
      const now = neededFor(requests(), limits.concurrency);
      for (let count = now + 1; count <= needed; count++) neededMs[count] = nowMs;
      needed = now;
      const { start, stop, againMs } = decideScaling({ nowMs, limits, waiting, ready, starting, neededMs, noStartBeforeMs: 0 });
      starting += start;
      expect(stop.every((one) => one.requests === 0)).toBe(true);
      ready = ready.filter((one) => !stop.includes(one));
      expect(ready.length + starting).toBeLessThanOrEqual(limits.maxInstances);
      expect(ready.length + starting).toBeGreaterThanOrEqual(limits.minInstances);
      if (waiting > 0) expect(starting > 0 || ready.every((one) => one.requests === limits.concurrency)).toBe(true);
      expect(againMs ?? nowMs + 1).toBeGreaterThan(nowMs);
      return againMs;
    };
    const grant = () => {
      for (const one of ready) {
        while (waiting > 0 && one.requests < limits.concurrency) {
          waiting -= 1;
          one.requests += 1;
        }
      }
    };
    for (let step = 0; step < 200; step++) {
      nowMs += pick(0, 300);
      const event = random();
      if (event < 0.45) waiting += 1;
      else if (event < 0.7 && starting > 0) {
        starting -= 1;
        ready.push({ requests: 0, upMs: nowMs, usedMs: nowMs });
      } else if (event < 0.75) ready.splice(pick(0, 4), 1);
      else {
        const busy = ready.find((one) => one.requests > 0);
        if (busy !== undefined) Object.assign(busy, { requests: busy.requests - 1, usedMs: nowMs });
      }
      grant();
      decide();
    }
    // The load ends: what was started comes up, requests end, and time passes.
    for (; starting > 0; starting--) ready.push({ requests: 0, upMs: nowMs, usedMs: nowMs });
    while (requests() > 0) {
      grant();
      for (const one of ready) one.requests = 0;
      grant();
      decide();
      for (; starting > 0; starting--) ready.push({ requests: 0, upMs: nowMs, usedMs: nowMs });
    }
    for (let againMs = decide(); againMs !== undefined; againMs = decide()) nowMs = againMs;
    expect(ready).toHaveLength(limits.minInstances);
  }
});

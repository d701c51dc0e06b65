import { expect, test } from 'vitest';
import { seededRandom } from '../../../../services/platform/tools/seeded-random.ts';
import { pickTarget } from './traffic-split.ts';

test('each gets its percent of the requests', () => {
  const random = seededRandom(7);
  const shares = [
    { target: 'v1', percent: 89 },
    { target: 'v2', percent: 10 },
    { target: 'v3', percent: 1 },
  ];
  const counts: Record<string, number> = {};
  for (let request = 0; request < 100_000; request++) {
    const target = pickTarget(shares, random());
    counts[target] = (counts[target] ?? 0) + 1;
  }
  expect(counts['v1']! / 1000).toBeCloseTo(89, 0);
  expect(counts['v2']! / 1000).toBeCloseTo(10, 0);
  expect(counts['v3']! / 1000).toBeCloseTo(1, 0);
});

test('who has none gets none, to the very ends', () => {
  const shares = [
    { target: 'none', percent: 0 },
    { target: 'all', percent: 100 },
  ];
  for (const random of [0, 0.5, 1 - Number.EPSILON]) expect(pickTarget(shares, random)).toBe('all');
  expect(() => pickTarget([], 0.5)).toThrow(RangeError);
});

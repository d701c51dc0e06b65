import { expect, it } from 'vitest';
import { createAbortPlan } from './abort-plan.ts';

const fates = (probability: number, seed: number) => {
  const plan = createAbortPlan(probability, seed);
  return Array.from({ length: 1_000 }, () => plan.next());
};

it('aborts as often as it is told, at both points, and alike for one seed', () => {
  const some = fates(0.05, 42);
  expect(fates(0.05, 42)).toEqual(some);
  expect(fates(0.05, 43)).not.toEqual(some);
  const [early, late] = (['statement', 'commit'] as const).map((point) => some.filter((fate) => fate === point).length);
  expect(early! + late!).toBeGreaterThan(30);
  expect(early! + late!).toBeLessThan(75);
  expect(Math.min(early!, late!)).toBeGreaterThan(5);
  expect(fates(0, 42)).toEqual(Array(1_000).fill(undefined));
  expect(fates(1, 42)).not.toContain(undefined);
});

it('aborts first what it was told to', () => {
  const plan = createAbortPlan(0, 1);
  plan.force('commit');
  plan.force('statement');
  expect([plan.next(), plan.next(), plan.next()]).toEqual(['commit', 'statement', undefined]);
});

import { afterAll, expect, test } from 'vitest';
import { instruments } from '../../contracts/instruments.ts';
import { recordMetrics } from '../../testing/metric-recorder.ts';
import { concurrency } from './concurrency.ts';

const recorder = recordMetrics();

afterAll(() => recorder.close());

const told = async () => (await recorder.told(instruments.databaseConcurrency.name))?.dataPoints.map(({ value }) => value);

test('each export tells the most that were under way at one time since the one before, whether they end well or not', async () => {
  const underWay = concurrency();
  expect(await told()).toEqual([0]);
  const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const both = [underWay(() => one.promise), underWay(() => two.promise)];
  two.reject(new Error('aborted'));
  await expect(both[1]).rejects.toThrow('aborted');
  expect(await told()).toEqual([2]);
  expect(await told()).toEqual([1]);
  one.resolve();
  await both[0];
  expect(await told()).toEqual([1]);
  expect(await told()).toEqual([0]);
});

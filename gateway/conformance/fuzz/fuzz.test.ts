import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

// A slice of `npm run fuzz`: always the same inputs.
const batches = 60;

test('mutated connections crash nothing, tell nothing and reach no service without a token', async () => {
  const { findings, connections, reached } = await fuzz({ seed: 1, goOn: (batch) => batch < batches });
  expect(findings).toEqual([]);
  expect(connections).toBe(batches * 8);
  // Otherwise the inputs are so odd that they test nothing.
  expect(reached).toBeGreaterThan(20);
});

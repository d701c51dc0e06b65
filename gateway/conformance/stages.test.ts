import { afterAll, beforeAll, expect, test } from 'vitest';
import { validateBootstrap } from '../bootstrap/validation/validate-bootstrap.ts';
import { stages } from './stages.ts';
import { type Surroundings, startSurroundings } from './surroundings.ts';

let around: Surroundings;

beforeAll(async () => {
  around = await startSurroundings();
});
afterAll(() => around.close());

test.each(['edge', 'guarded', 'limited', 'jobs'] as const)('%s is what Envoy’s API knows, without its pitfalls', (stage) => {
  expect(validateBootstrap(JSON.stringify(stages[stage].bootstrap(around)), { files: 'checked' })).toEqual([]);
});

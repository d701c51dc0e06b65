import { afterAll, beforeAll, expect, test } from 'vitest';
import { validateBootstrap } from '../bootstrap/validation/validate-bootstrap.ts';
import { type StageName, stages } from './stages.ts';
import { type Surroundings, startSurroundings } from './surroundings.ts';

let around: Surroundings;

beforeAll(async () => {
  around = await startSurroundings();
});
afterAll(() => around.close());

const faultsOf = (stage: StageName) => validateBootstrap(JSON.stringify(stages[stage](around)), { files: 'checked' });

test.each(['edge', 'guarded', 'jobs'] as const)('%s is what Envoy’s API knows, without its pitfalls', (stage) => {
  expect(faultsOf(stage)).toEqual([]);
});

test('lab is what Envoy’s API knows; the pitfalls are what it is for', () => {
  const pitfall = /can spoof|must be set|must be true|the last rule|behind the transcoder|needs trusted_ca/;
  const others = faultsOf('lab').filter(({ message }) => !pitfall.test(message));
  // Newer than the copy of the API that is checked against.
  expect(others.map(({ path }) => path.split('.').at(-1))).toEqual(['stream_sse_style_delimited']);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goldenFiles, goldenFolder } from './golden.ts';
import { validateBootstrap } from './validation/validate-bootstrap.ts';

const files = goldenFiles();

test('there is a golden file for each environment and role, and no orphan', () => {
  expect(readdirSync(goldenFolder).sort()).toEqual([...files.keys()].sort());
});

test.each([...files])('%s is what the protos and the environment make: node gateway/main.ts render --golden', (name, text) => {
  expect(readFileSync(join(goldenFolder, name), 'utf8') === text).toBe(true);
});

test.each([...files])("%s is valid by Envoy's API", (_name, text) => {
  expect(validateBootstrap(text, { files: 'unchecked' })).toEqual([]);
});

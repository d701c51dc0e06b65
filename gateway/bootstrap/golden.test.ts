import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goldenFiles, goldenFolder } from './golden.ts';
import { validateBootstrap } from './validation/validate-bootstrap.ts';

const files = goldenFiles();
const stale = 'gateway/bootstrap/golden is out of date: run "npm run golden"';

test('there is a golden file for each environment and role, and no orphan', () => {
  expect(readdirSync(goldenFolder).sort(), stale).toEqual([...files.keys()].sort());
});

test.each([...files])('%s is what the protos and the environment make', (name, text) => {
  const file = join(goldenFolder, name);
  expect(existsSync(file) && readFileSync(file, 'utf8') === text, stale).toBe(true);
});

test.each([...files])("%s is valid by Envoy's API", (_name, text) => {
  expect(validateBootstrap(text, { files: 'unchecked' })).toEqual([]);
});

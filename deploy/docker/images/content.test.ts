import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf, entriesIn } from './content.ts';

let folder: string;
const digest = () => digestOf(entriesIn(folder, ['**']));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-content-'));
  mkdirSync(join(folder, 'etc'));
  writeFileSync(join(folder, 'etc/edge.yaml'), 'edge');
  chmodSync(join(folder, 'etc/edge.yaml'), 0o644);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['what is in a file', () => writeFileSync(join(folder, 'etc/edge.yaml'), 'jobs')],
  ['its name', () => renameSync(join(folder, 'etc/edge.yaml'), join(folder, 'etc/jobs.yaml'))],
  ['whom it allows what', () => chmodSync(join(folder, 'etc/edge.yaml'), 0o755)],
  ['an empty folder', () => mkdirSync(join(folder, 'etc/openapi'))],
])('a folder is another content with another %s', (_, change) => {
  const before = digest();
  expect(digest()).toBe(before);
  change();
  expect(digest()).not.toBe(before);
});

test('what is left out of a folder does not make it another content, files whose names begin with a dot do', () => {
  const left = () => digestOf(entriesIn(folder, ['**', '**/.*'], ['**/gen', '**/*.log']));
  const before = left();
  mkdirSync(join(folder, 'etc/gen'));
  for (const file of ['etc/gen/types.ts', 'etc/build.log']) writeFileSync(join(folder, file), 'made');
  expect(left()).toBe(before);
  writeFileSync(join(folder, 'etc/.npmrc'), 'offline=true');
  expect(left()).not.toBe(before);
});

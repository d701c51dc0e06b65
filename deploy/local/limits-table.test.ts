import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const rows = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
const named = rows.flatMap((row) =>
  [...row.matchAll(/`([\w/.-]+\.ts)`: “(.+?)”/g)].map(([, file, test]) => ({ file: file!, test: test! })),
);

it('reads the table', () => {
  expect(named.length).toBeGreaterThan(60);
});

it.each(named)('$file has the test “$test”', ({ file, test }) => {
  expect(readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'")).toContain(test);
});

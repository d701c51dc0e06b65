import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cachedTree, removeOldTrees } from './tree-cache.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'kumiko-tree-cache-'));
const source = join(folder, 'service.ts');
const image = `test-${process.pid}`;
let assembled = 0;

/** A "bundle" that is its one source. */
const treeNow = () =>
  cachedTree(image, async (tree) => {
    assembled += 1;
    writeFileSync(join(tree, 'main.js'), readFileSync(source));
    return [relative(root, source), 'node_modules/pino/pino.js', 'on demand:pino'];
  });
const made = new Set<string>();

afterEach(() => {
  for (const tree of made) rmSync(tree, { recursive: true, force: true });
  rmSync(join(root, 'node_modules/.cache/kumiko-images', `${image}.sources.json`), { force: true });
});

test('a tree is assembled again where a source of it has changed, and taken as it is where none has, or one has changed back', async () => {
  writeFileSync(source, 'one');
  const first = await treeNow();
  expect(await treeNow()).toBe(first);
  writeFileSync(source, 'two');
  const second = await treeNow();
  expect(second).not.toBe(first);
  // Whatever runs from it goes on.
  expect([first, second].map((tree) => readFileSync(join(tree, 'main.js'), 'utf8'))).toEqual(['one', 'two']);
  writeFileSync(source, 'one');
  expect(await treeNow()).toBe(first);
  expect(assembled).toBe(2);
  for (const tree of [first, second]) made.add(tree);
});

test('what fails to be assembled leaves no tree, and one that nobody has asked for in a week goes', async () => {
  writeFileSync(source, 'three');
  await expect(cachedTree(image, () => Promise.reject(new Error('no such service')))).rejects.toThrow('no such service');
  const tree = await treeNow();
  made.add(tree);
  removeOldTrees();
  expect(existsSync(tree)).toBe(true);
  const longAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
  utimesSync(tree, longAgo, longAgo);
  removeOldTrees();
  expect(existsSync(tree)).toBe(false);
});

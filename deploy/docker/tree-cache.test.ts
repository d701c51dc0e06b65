import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cachedTree, removeOldTrees } from './tree-cache.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'kumiko-tree-cache-'));
const source = join(folder, 'service.ts');
const cache = join(folder, 'cache');
let assembled = 0;

/** A "bundle" that is its one source. */
const treeNow = () => {
  const assemble = async (tree: string) => {
    assembled += 1;
    writeFileSync(join(tree, 'main.js'), readFileSync(source));
    return [relative(root, source), 'node_modules/pino/pino.js', 'on demand:pino'];
  };
  return cachedTree('service', assemble, cache);
};

/** Makes a folder look as if nobody had asked for it in so many days. */
function age(path: string, days: number): void {
  const then = new Date(Date.now() - days * 24 * 3_600_000);
  utimesSync(path, then, then);
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
});

test('builds of one image at one time do not get in the way of each other', async () => {
  writeFileSync(source, 'at one time');
  const trees = await Promise.all([treeNow(), treeNow()]);
  expect(new Set(trees).size).toBe(1);
  expect(readFileSync(join(trees[0]!, 'main.js'), 'utf8')).toBe('at one time');
});

test('what fails to be assembled leaves nothing', async () => {
  const fails = cachedTree('failing', () => Promise.reject(new Error('no such service')), cache);
  await expect(fails).rejects.toThrow('no such service');
  expect(readdirSync(cache).filter((name) => name.startsWith('failing'))).toEqual([]);
});

test('a tree that nobody has asked for in 30 days goes, as does what a build that was killed has left', async () => {
  writeFileSync(source, 'three');
  const tree = await treeNow();
  const left = join(cache, 'service.a1B2c3');
  mkdirSync(join(left, 'tree'), { recursive: true });
  age(tree, 29);
  age(left, 29);
  removeOldTrees(cache);
  expect([tree, left].map((path) => existsSync(path))).toEqual([true, true]);
  age(tree, 31);
  age(left, 31);
  // It is asked for, so it is young.
  expect(await treeNow()).toBe(tree);
  removeOldTrees(cache);
  expect([tree, left].map((path) => existsSync(path))).toEqual([true, false]);
  age(tree, 31);
  removeOldTrees(cache);
  expect(existsSync(tree)).toBe(false);
  expect(readdirSync(cache)).toContain('service.sources.json');
});

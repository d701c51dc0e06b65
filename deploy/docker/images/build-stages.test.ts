import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { treesOf } from './build-stages.ts';

let folder: string;
const file = () => join(folder, 'assembled.json');
const log = (...lines: readonly string[]) => ['STEP 3/3: RUN npm run -s assemble', ...lines, 'COMMIT assembled', ''].join('\n');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-stages-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the trees of a stage are those that its build names, and known again by its id', () => {
  const trees = { 'control-plane': 'control-plane-0a', orders: 'orders-1b' };
  expect(treesOf('e13c', log('tree of control-plane: control-plane-0a', 'assembling orders', 'tree of orders: orders-1b'), file())).toEqual(
    trees,
  );
  expect(treesOf('e13c', log('--> Using cache e13c'), file())).toEqual(trees);
});

test('the trees of a stage that the builder had from another time are not those of the last one', () => {
  treesOf('e13c', log('tree of orders: orders-1b'), file());
  expect(treesOf('77ab', log('--> Using cache 77ab'), file())).toEqual({});
});

test('nothing is known of a stage that nobody has seen built', () => {
  expect(treesOf('e13c', log('--> Using cache e13c'), file())).toEqual({});
});

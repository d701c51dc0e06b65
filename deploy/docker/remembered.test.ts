import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { remembered } from './remembered.ts';

let folder: string;
let made: number;

const ask = (...inputs: readonly string[]) =>
  remembered(
    'chunk',
    inputs,
    async () => {
      made += 1;
      return `of ${inputs.join(' and ')}`;
    },
    folder,
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-remembered-'));
  made = 0;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a text is made once of the same, and anew of anything else', async () => {
  expect([await ask('a', 'b'), await ask('a', 'b'), made]).toEqual(['of a and b', 'of a and b', 1]);
  expect([await ask('ab'), await ask('b', 'a'), made]).toEqual(['of ab', 'of b and a', 3]);
  expect(readdirSync(folder)).toHaveLength(3);
});

test('a text that could not be made is not remembered', async () => {
  const fails = remembered('chunk', ['a'], () => Promise.reject(new Error('no such chunk')), folder);
  await expect(fails).rejects.toThrow('no such chunk');
  expect(readdirSync(folder)).toEqual([]);
  expect(await ask('a')).toBe('of a');
});

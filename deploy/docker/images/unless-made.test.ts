import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unlessMade } from './unless-made.ts';

let folder: string;
let image: string | undefined;
let made: number;

/** Makes an image of `inputs`, each time another one. */
const make = (inputs: string) =>
  unlessMade({ idNow: async () => image, inputs, file: join(folder, 'made') }, async () => {
    made += 1;
    image = `image ${made}`;
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-unless-made-'));
  image = undefined;
  made = 0;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('an image is made once of the same', async () => {
  for (const inputs of ['one', 'one', 'two', 'two']) await make(inputs);
  expect([made, image]).toEqual([2, 'image 2']);
  // What it was made of before is not remembered.
  await make('one');
  expect(made).toBe(3);
});

test.each([
  ['was removed', undefined],
  ['is another one', 'image of another build'],
])('an image that %s meanwhile is made again', async (_, now) => {
  await make('one');
  image = now;
  await make('one');
  expect([made, image]).toEqual([2, 'image 2']);
});

test('what could not be made is not taken for made', async () => {
  await make('one');
  const fails = unlessMade({ idNow: async () => image, inputs: 'two', file: join(folder, 'made') }, () =>
    Promise.reject(new Error('no space left')),
  );
  await expect(fails).rejects.toThrow('no space left');
  await make('two');
  expect(made).toBe(2);
});

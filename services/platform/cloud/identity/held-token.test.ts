import { beforeEach, describe, expect, test } from 'vitest';
import { holdToken, type Token } from './held-token.ts';

const hour = 3_600_000;
const begin = Date.UTC(2026, 0, 1);

let nowMs = begin;
/** What the metadata server does with each question, in turn; the last is repeated. */
let answers: (() => Promise<Token>)[];
let asked: number;

beforeEach(() => {
  nowMs = begin;
  asked = 0;
});

const lasting = (header: string, ms: number) => async (): Promise<Token> => ({ header, expiresAt: nowMs + ms });
const never = () => new Promise<Token>(() => {});
const down = async (): Promise<Token> => {
  throw new Error('the metadata server is down');
};

function hold(limitMs = 60_000): () => Promise<string> {
  return holdToken(() => answers[Math.min(asked++, answers.length - 1)]!(), { machineNow: () => nowMs, limitMs });
}

/** Lets what has been answered become known. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test('is kept until four minutes before its end', async () => {
  answers = [lasting('first', hour), lasting('second', hour)];
  const token = hold();
  expect(await token()).toBe('first');
  nowMs = begin + hour - 241_000;
  expect(await token()).toBe('first');
  expect(asked).toBe(1);
});

test('is used while a new one is on its way, and no caller waits for a server that says nothing', async () => {
  answers = [lasting('first', hour), never];
  const token = hold();
  await token();
  nowMs = begin + hour - 120_000;
  expect(await Promise.all([token(), token(), token()])).toEqual(['first', 'first', 'first']);
  expect(asked).toBe(2);
});

test('is replaced by the one that was on its way', async () => {
  answers = [lasting('first', hour), lasting('second', hour)];
  const token = hold();
  await token();
  nowMs = begin + hour - 120_000;
  expect(await token()).toBe('first');
  await settle();
  expect(await token()).toBe('second');
  expect(asked).toBe(2);
});

test('is not sent out with less than the minute that a call may be on its way for', async () => {
  answers = [lasting('first', hour), lasting('second', hour)];
  const token = hold();
  await token();
  nowMs = begin + hour - 59_000;
  expect(await token()).toBe('second');
});

test('callers at its end share one fetch', async () => {
  answers = [lasting('first', hour), lasting('second', hour)];
  const token = hold();
  await token();
  nowMs = begin + hour;
  expect(new Set(await Promise.all(Array.from({ length: 100 }, token)))).toEqual(new Set(['second']));
  expect(asked).toBe(2);
});

describe('where the metadata server is down', () => {
  test('is used as long as it holds, and the server is asked again after a pause only', async () => {
    answers = [lasting('first', hour), down, down, lasting('second', hour)];
    const token = hold();
    await token();
    nowMs = begin + hour - 120_000;
    expect(await token()).toBe('first');
    await settle();
    nowMs = begin + hour - 30_000;
    expect(await token()).toBe('first');
    expect(asked).toBe(3);
    expect(await token()).toBe('first');
    expect(asked).toBe(3);
    nowMs += 6_000;
    expect(await token()).toBe('second');
  });

  test('fails once it has expired, and asks again with the next call', async () => {
    answers = [lasting('first', hour), down, lasting('second', hour)];
    const token = hold();
    await token();
    nowMs = begin + hour;
    await expect(token()).rejects.toThrow('the metadata server is down');
    expect(await token()).toBe('second');
  });
});

test('a fetch that never ends fails in time, and later callers are served by a new one', async () => {
  answers = [never, lasting('second', hour)];
  const token = hold(1);
  await expect(token()).rejects.toThrow('gave no token within 1 ms');
  expect(await token()).toBe('second');
});

test('an older token does not take the place of a newer one', async () => {
  answers = [lasting('first', 200_000), lasting('older', 100_000)];
  const token = hold();
  await token();
  expect(await token()).toBe('first');
  await settle();
  expect(await token()).toBe('first');
  expect(asked).toBe(2);
});

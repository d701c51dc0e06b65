import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { activePreview, activePreviewOf, withPreview } from './preview.ts';

test('a choice holds for all that the work causes, and for nothing else', async () => {
  const seen = withPreview('partner=pr-123,job=pr-7', async () => {
    await setImmediate();
    return [activePreview(), activePreviewOf('job'), activePreviewOf('customer'), activePreviewOf('part')];
  });
  expect(activePreview()).toBeUndefined();
  expect(activePreviewOf('job')).toBeUndefined();
  expect(await seen).toEqual(['partner=pr-123,job=pr-7', 'pr-7', undefined, undefined]);
});

/** Each target is one, but an event could not carry them all. */
const tooLong = Array.from({ length: 16 }, (_, index) => `${'a'.repeat(40)}${index}=${'b'.repeat(46)}`).join(',');

test.each([
  undefined,
  '',
  'partner',
  'partner=',
  'partner=PR',
  'partner=pr-1,',
  'partner=pr-1\r\nx: y',
  '=pr-1',
  `a=${'b'.repeat(47)}`,
  tooLong,
])('%j is no choice', (text) => {
  expect(withPreview(text, activePreview)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a header survives the way there and back', () => {
  expect(formatTraceparent(parseTraceparent(header)!)).toBe(header);
});

test('a later version is read as far as it is known', () => {
  expect(parseTraceparent(`cc${header.slice(2)}-more`)).toMatchObject({ spanId: 'b7ad6b7169203331', traceFlags: 1 });
});

test.each([
  undefined,
  '',
  'x',
  header.toUpperCase(),
  `ff${header.slice(2)}`,
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `${header.slice(0, -2)}0x`,
])('%s is no trace', (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { formatTraceparent, parseCloudTraceContext, parseTraceparent } from './traceparent.ts';

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

const trace = '0af7651916cd43dd8448eb211c80319c';

test.each([
  [`${trace}/255;o=1`, `00-${trace}-00000000000000ff-01`],
  [`${trace}/18446744073709551615;o=0`, `00-${trace}-ffffffffffffffff-00`],
  [`${trace}/1`, `00-${trace}-0000000000000001-00`],
])("Google's older header %s is read", (text, expected) => {
  expect(formatTraceparent(parseCloudTraceContext(text)!)).toBe(expected);
});

test.each([undefined, '', trace, `${trace}/0;o=1`, `${trace}/18446744073709551616;o=1`, `${'0'.repeat(32)}/1;o=1`, `${trace}/1;o=2`])(
  "%s is not Google's older header",
  (text) => {
    expect(parseCloudTraceContext(text)).toBeUndefined();
  },
);

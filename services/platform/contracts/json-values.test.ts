import { expect, test } from 'vitest';
import { jsonInteger, jsonText, parseJson } from './json-values.ts';

const integerOf = (json: string) => jsonInteger.safeParse(parseJson(json)).data;
const textOf = (json: string) => jsonText.safeParse(parseJson(json)).data;

test.each<[bigint, string[]]>([
  [1n, ['1', '"1"', '1.0', '"1.0"', '1.000', '1e0', '1E0', '"1e+0"', '10e-1', '0.1e1', '"100e-2"']],
  [0n, ['0', '-0', '"0"', '0.0', '0e5', '"0e-5"']],
  [-20n, ['-20', '"-20"', '-2e1', '-2.0e1']],
  [9_007_199_254_740_993n, ['9007199254740993', '"9007199254740993"', '9007199254740993.0', '900719925474099.3e1']],
  [9_223_372_036_854_775_807n, ['9223372036854775807', '"9223372036854775807"']],
  [-9_223_372_036_854_775_808n, ['-9223372036854775808']],
  [1_000_000_000_000_000_000n, ['1e18', '"1E18"']],
])('%s is read from every form', (value, forms) => {
  for (const form of forms) expect([form, integerOf(form)]).toEqual([form, value]);
});

test.each([
  '1.5',
  '"1.5"',
  '1e-1',
  '""',
  '" 1"',
  '"1 "',
  '"+1"',
  '"01"',
  '"0x1"',
  '".5"',
  '"1."',
  '"NaN"',
  '"１"',
  '9223372036854775808',
  '1e19',
  '1e400',
  '1e999999999',
  'null',
  'true',
  '[]',
  '{}',
])('%s is no whole number', (json) => {
  expect(integerOf(json)).toBeUndefined();
});

test('a text may be written as a number, to its last digit', () => {
  expect(['"evt"', '7', '12345678901234567890', '""'].map(textOf)).toEqual(['evt', '7', '12345678901234567890', '']);
});

test.each(['null', 'true', '[]', '{}', '"a\\u0000"', '"\\ud800"'])('%s is no text', (json) => {
  expect(textOf(json)).toBeUndefined();
});

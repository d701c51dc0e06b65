import { expect, test } from 'vitest';
import { JsonArraySplitter } from './json-array-splitter.ts';

function split(text: string, size: number, limit = 1000): string[] {
  const splitter = new JsonArraySplitter(limit);
  const bytes = Buffer.from(text);
  const out: string[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...splitter.push(bytes.subarray(at, at + size)).map(String));
  splitter.finish();
  return out;
}

test('an array is cut into the same elements, however it comes', () => {
  const elements = ['{"a":[1,{"b":"]},\\"\\\\"}]}', ' 7', '"組,"', ' [[],{}] ', 'null'];
  const text = ` [${elements.join(',')}] \n`;
  for (let size = 1; size <= text.length; size++) expect(split(text, size)).toEqual(elements);
});

test('an empty array has no elements', () => {
  expect(split('[]', 1)).toEqual([]);
  expect(split(' [ \n ] ', 3)).toEqual([]);
  expect(split('', 1)).toEqual([]);
});

test.each([
  ['{}', /instead of an object/],
  ['7', /instead of a scalar value/],
  ['[1', /Unexpected end/],
  ['["]', /Unexpected end/],
  ['[1,]', /between the commas/],
  ['[,1]', /between the commas/],
  ['[1] [', /behind the array/],
])('%s is refused', (text, message) => {
  expect(() => split(text, 2)).toThrow(message);
});

test('an element over the limit is refused before it is complete', () => {
  const splitter = new JsonArraySplitter(10);
  expect(splitter.push(Buffer.from('["12345678",')).map(String)).toEqual(['"12345678"']);
  expect(() => splitter.push(Buffer.from('"1234567890'))).toThrow(/limit/);
});

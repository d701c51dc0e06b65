import { expect, it } from 'vitest';
import { readArrayLiteral, writeArrayLiteral } from './array-literal.ts';

it.each([[[]], [['a', 'b']], [[null, 'NULL', '']], [['"', '\\', '\\"', 'a,b', '{c}', ' ', '\n']]])('reads back %j', (elements) => {
  expect(readArrayLiteral(writeArrayLiteral(elements))).toEqual(elements);
});

it('reads what PostgreSQL writes without quotes', () => {
  expect(readArrayLiteral('{1,-2,NULL,t,"2026-01-01 00:00:00+00"}')).toEqual(['1', '-2', null, 't', '2026-01-01 00:00:00+00']);
});

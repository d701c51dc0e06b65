import { expect, it } from 'vitest';
import { compileFilter } from './filter.ts';

const attributes = { type: 'group', id: 'ev-1', 'a.b': 'x', empty: '' };

it.each([
  ['', true],
  ['attributes:type', true],
  ['attributes:other', false],
  ['attributes:empty', true],
  ['attributes.type = "group"', true],
  ['attributes.type="order"', false],
  ['attributes.type != "order"', true],
  ['attributes.other != "order"', true],
  ['attributes."a.b" = "x"', true],
  ['hasPrefix(attributes.id, "ev-")', true],
  ['hasPrefix(attributes.other, "ev-")', false],
  ['NOT attributes:other', true],
  ['-attributes:type', false],
  ['attributes:type AND attributes:other', false],
  ['attributes:other OR attributes:type', true],
  ['attributes:other OR (attributes:type AND NOT attributes.id = "ev-2")', true],
  ['NOT (attributes:type AND attributes:id)', false],
  ['attributes.toString = "x"', false],
])('%s', (source, expected) => {
  expect(compileFilter(source)(attributes)).toBe(expected);
});

it.each([
  'type = "group"',
  'attributes.type = group',
  'attributes:a AND attributes:b OR attributes:c',
  'attributes:a AND',
  '(attributes:a',
  'attributes:a attributes:b',
  'attributes.type = "open',
  `attributes.type = "${'x'.repeat(256)}"`,
])('refuses %s', (source) => {
  expect(() => compileFilter(source)).toThrow(/^filter: /);
});

import { expect, test } from 'vitest';
import { LruMap } from './lru-map.ts';

function keysOf(map: LruMap<string>, keys: readonly string[]): string[] {
  return keys.filter((key) => map.get(key) !== undefined);
}

test('what was used last stays', () => {
  const map = new LruMap<string>(3);
  for (const key of ['a', 'b', 'c']) map.set(key, key);
  expect(map.get('a')).toBe('a');
  map.set('d', 'd');
  expect(keysOf(map, ['b', 'a', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  expect(map.get('c')).toBe('c');
  map.set('e', 'e');
  map.set('f', 'f');
  expect(keysOf(map, ['a', 'd', 'c', 'e', 'f'])).toEqual(['c', 'e', 'f']);
});

test('a key that is set again is one entry, used last', () => {
  const map = new LruMap<string>(2);
  map.set('a', 'first');
  map.set('b', 'b');
  map.set('a', 'second');
  map.set('c', 'c');
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual(['second', undefined, 'c']);
});

test('nothing is kept where there is no room', () => {
  const map = new LruMap<string>(0);
  map.set('a', 'a');
  expect(map.get('a')).toBe(undefined);
});

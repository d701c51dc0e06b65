import { expect, test } from 'vitest';
import { LruCache } from './lru-cache.ts';

test('lets go of what was not used for longest', () => {
  const cache = new LruCache<number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  cache.get('a');
  cache.set('c', 3);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
});

test('overwrites without growing, and deletes', () => {
  const cache = new LruCache<number>(2);
  cache.set('a', 1);
  cache.set('a', 2);
  cache.set('b', 3);
  cache.delete('b');
  expect([cache.get('a'), cache.get('b')]).toEqual([2, undefined]);
});

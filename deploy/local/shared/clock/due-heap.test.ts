import { expect, it } from 'vitest';
import { DueHeap } from './due-heap.ts';

it('gives the earliest first, equal times in the order of arrival', () => {
  const heap = new DueHeap<string>();
  for (const [at, value] of [
    [3, 'c'],
    [1, 'a1'],
    [2, 'b'],
    [1, 'a2'],
    [5, 'e'],
    [1, 'a3'],
    [4, 'd'],
  ] as const)
    heap.push(at, value);
  const order: string[] = [];
  for (let item = heap.peek(); item !== undefined; item = heap.peek()) {
    order.push(item.value);
    heap.pop();
  }
  expect(order).toEqual(['a1', 'a2', 'a3', 'b', 'c', 'd', 'e']);
});

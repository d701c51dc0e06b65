import { expect, test } from 'vitest';
import { IdTable } from './id-table.ts';

test('holds what a Map would hold, whatever comes and goes', () => {
  const table = new IdTable<{ name: string }>();
  const map = new Map<number, { name: string }>();
  // Odd ids as HTTP/2 has them, some of which stay open for long.
  let random = 7;
  const next = (below: number) => {
    random = (random * 48_271) % 2_147_483_647;
    return random % below;
  };
  for (let id = 1; id < 20_000; id += 2) {
    const stream = { name: `stream ${id}` };
    table.add(id, stream);
    map.set(id, stream);
    while (next(100) < map.size) {
      const gone = [...map.keys()][next(map.size)]!;
      table.delete(gone);
      map.delete(gone);
      expect(table.has(gone)).toBe(false);
    }
    expect(table.size).toBe(map.size);
    expect(table.get(id)).toBe(map.get(id));
  }
  expect(map.size).toBeGreaterThan(10);
  expect(table.values()).toEqual([...map.values()]);
  for (const [id, value] of map) expect(table.get(id)).toBe(value);
});

test('an id that is not there is not found, and may be deleted', () => {
  const table = new IdTable<{ name: string }>();
  table.add(1, { name: 'one' });
  for (const id of [0, 65, -1, 2 ** 32]) {
    table.delete(id);
    expect([table.get(id), table.has(id)]).toEqual([undefined, false]);
  }
  expect([table.get(1), table.size]).toEqual([{ name: 'one' }, 1]);
});

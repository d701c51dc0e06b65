import { expect, it } from 'vitest';
import { dmlShape } from './dml-shape.ts';

it.each([
  ['INSERT INTO shop.items (id, "Note") VALUES ($1, $2)', { table: 'shop.items', columns: ['id', 'Note'], isDelete: false }],
  ['insert into items values ($1)', { table: 'items', columns: undefined, isDelete: false }],
  [
    "/* (a, b) */ UPDATE shop.items AS i SET Stock = stock - 1, note = concat('a,b = c', upper(name)) WHERE id = ANY($1) RETURNING id, note",
    { table: 'shop.items', columns: ['stock', 'note'], isDelete: false },
  ],
  ['-- all of them\nDELETE FROM "shop"."items" WHERE true', { table: '"shop"."items"', columns: undefined, isDelete: true }],
  ['SELECT 1', undefined],
])('%s', (sql, expected) => {
  expect(dmlShape(sql)).toEqual(expected);
});

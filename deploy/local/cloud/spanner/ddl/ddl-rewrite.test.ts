import { expect, it } from 'vitest';
import { rewriteDdl } from './ddl-rewrite.ts';

it.each([
  [
    'CREATE TABLE a.child (id text, PRIMARY KEY (id)) INTERLEAVE IN PARENT a.parent ON DELETE CASCADE;',
    { text: 'CREATE TABLE a.child (id text, PRIMARY KEY (id))', interleave: { table: 'a.child', parent: 'a.parent', cascade: true } },
  ],
  [
    'create table if not exists "Child" (id text primary key) interleave in parent "Parent" on delete no action',
    {
      text: 'create table if not exists "Child" (id text primary key)',
      interleave: { table: '"Child"', parent: '"Parent"', cascade: false },
    },
  ],
  [
    `CREATE TABLE c (id text PRIMARY KEY, at timestamptz) INTERLEAVE IN PARENT p TTL INTERVAL '30 days' ON at`,
    { text: 'CREATE TABLE c (id text PRIMARY KEY, at timestamptz)', interleave: { table: 'c', parent: 'p', cascade: false } },
  ],
  ['CREATE INDEX i ON c (id), INTERLEAVE IN p', { text: 'CREATE INDEX i ON c (id)', interleave: undefined }],
  [`-- why\n/* and */ CREATE TABLE t (id text PRIMARY KEY)`, { text: 'CREATE TABLE t (id text PRIMARY KEY)', interleave: undefined }],
  ['ALTER TABLE a.t DROP TTL', { text: undefined, interleave: undefined }],
  ['ALTER CHANGE STREAM s SET FOR ALL', { text: undefined, interleave: undefined }],
])('rewrites %s', (statement, expected) => {
  expect(rewriteDdl(statement)).toEqual(expected);
});

it.each(['', 'SELECT 1', 'INSERT INTO t VALUES (1)', 'BEGIN'])('refuses "%s"', (statement) => {
  expect(() => rewriteDdl(statement)).toThrow('no DDL statement');
});

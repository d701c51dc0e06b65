import { expect, it } from 'vitest';
import { statementKind } from './statement-kind.ts';

it.each([
  ['query', 'select 1'],
  ['query', '  -- INSERT\n /*@ hint */ (SELECT 1)'],
  ['query', 'WITH a AS (SELECT 1), b AS MATERIALIZED (SELECT 2) SELECT * FROM a'],
  ['dml', 'insert into t values (1)'],
  ['dml', '/* why */ UPDATE t SET n = 1'],
  ['dml', 'DELETE FROM t'],
  ['other', 'WITH a AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM a'],
  ['other', 'WITH a AS NOT MATERIALIZED ( delete from t) SELECT 1'],
  ['other', 'WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a'],
  ['other', 'EXPLAIN ANALYZE DELETE FROM t'],
  ['other', 'COMMIT'],
  ['other', ''],
])('is %s: %s', (kind, sql) => {
  expect(statementKind(sql)).toBe(kind);
});

import { expect, test } from 'vitest';
import { deniedInDefinition, deniedInStatement } from './spanner-deny-list.ts';

test.each([
  'INSERT INTO a.t (id) VALUES ($1) ON CONFLICT DO NOTHING',
  'INSERT INTO a.t (id) VALUES ($1) ON CONFLICT ON CONSTRAINT t_pkey DO NOTHING',
  'INSERT INTO a.t (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = a.t.n + 1',
  'INSERT INTO a.t (id, n, m) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET id = excluded.id, n = excluded.n',
  'SELECT id FROM a.t WHERE id = $1 FOR UPDATE',
  'SELECT id FROM a.t WHERE doc @> $1',
  'SELECT id FROM a.t WHERE n IS DISTINCT FROM $1',
  'SELECT row_number() OVER (ORDER BY id) FROM a.t',
  'SELECT count(*) FILTER (WHERE n > 1) FROM a.t',
  'SELECT id FROM a.t WHERE id ILIKE $1',
  'WITH gone AS (DELETE FROM a.t RETURNING id) SELECT id FROM gone',
  'UPDATE a.t SET n = u.n FROM a.u WHERE u.id = t.id',
  'SELECT id FROM a.t WHERE (n, id) < ($1, $2)',
  'SELECT id FROM a.t WHERE id IN (SELECT unnest($1))',
  'UPDATE a.t SET at = now() WHERE id = $1',
  'SELECT gen_random_uuid()',
])('refuses %s', (text) => expect(deniedInStatement(text)).toHaveLength(1));

test.each([
  '/*@ lock_scanned_ranges=exclusive */ SELECT id FROM a.t WHERE id = $1',
  'INSERT INTO a.t (id, n) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING',
  'INSERT INTO a.t (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET id = excluded.id, n = excluded.n',
  'UPDATE a.t SET n = n + 1 WHERE id IN (SELECT id FROM a.u)',
  "SELECT id FROM a.t WHERE label = 'for update' AND (n < $1 OR (n = $1 AND id < $2))",
  'SELECT id FROM a.t WHERE id IN (SELECT unnest($1::text[]))',
])('takes %s', (text) => expect(deniedInStatement(text)).toEqual([]));

test.each([
  'CREATE TABLE a.t (id uuid PRIMARY KEY)',
  'CREATE TABLE a.t (id text PRIMARY KEY, n smallint)',
  'CREATE TABLE a.t (id text PRIMARY KEY, code text UNIQUE)',
  "CREATE INDEX i ON a.t (n) WHERE state = 'OPEN'",
])('refuses %s', (text) => expect(deniedInDefinition(text)).toHaveLength(1));

test.each([
  'CREATE TABLE a.t (id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
  'CREATE UNIQUE INDEX i ON a.t (code) WHERE code IS NOT NULL',
  "CREATE TABLE a.t (id text PRIMARY KEY, at timestamptz) TTL INTERVAL '3 days' ON at",
])('takes %s', (text) => expect(deniedInDefinition(text)).toEqual([]));

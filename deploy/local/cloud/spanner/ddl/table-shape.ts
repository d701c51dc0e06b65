import type { Postgres } from '../engine/postgres.ts';

/** A table as PostgreSQL's catalogue has it. */
export interface TableShape {
  /** The types of its columns, by their names. */
  readonly columns: ReadonlyMap<string, number>;
  /** The columns of the primary key and of each index, by name. A key of an index ends with the primary key of its table. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** The names of its CHECK constraints. */
  readonly checks: readonly string[];
}

const COLUMNS = `
SELECT a.attname, coalesce(nullif(t.typbasetype, 0), a.atttypid)::bigint
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`;

const KEYS = `
SELECT x.relname, a.attname, i.indisprimary
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = to_regclass($1) AND k.position <= i.indnkeyatts
ORDER BY i.indexrelid, k.position`;

const CHECKS = `SELECT conname FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype = 'c'`;

/** Reads the shape of a table by its name as SQL has it; undefined where there is none. */
export function tableShape(postgres: Postgres, table: string): TableShape | undefined {
  const columns = new Map(postgres.query(COLUMNS, [table]).rows.map(([name, typeOid]) => [name!, Number(typeOid)]));
  if (columns.size === 0) return undefined;
  const parts = postgres.query(KEYS, [table]).rows;
  const primary = parts.filter(([, , isPrimary]) => isPrimary === 't').map(([, column]) => column!);
  const keys = new Map(
    [...Map.groupBy(parts, ([index]) => index!)].map(([index, own]) => [
      index,
      [...new Set([...own.map(([, column]) => column!), ...primary])],
    ]),
  );
  const checks = postgres.query(CHECKS, [table]).rows.map(([name]) => name!);
  return { columns, keys, checks };
}

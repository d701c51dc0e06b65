import type { Postgres } from '../engine/postgres.ts';
import { readColumns } from '../sql/key-columns.ts';

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

const KEYS =
  'SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = to_regclass($1) ORDER BY i.indexrelid';

const KEY_COLUMNS = `
SELECT a.attname
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = to_regclass($1) AND k.position <= i.indnkeyatts`;

const PRIMARY_KEY = `${KEY_COLUMNS} AND i.indisprimary ORDER BY k.position`;

const INDEX_KEY = `${KEY_COLUMNS} AND x.relname = $2 ORDER BY k.position`;

const CHECKS = `SELECT conname FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype = 'c'`;

/** Reads the shape of a table by its name as SQL has it; undefined where there is none. */
export function tableShape(postgres: Postgres, table: string): TableShape | undefined {
  const columns = new Map(readColumns(postgres, COLUMNS, table).map(({ name, typeOid }) => [name, typeOid]));
  if (columns.size === 0) return undefined;
  const primary = postgres.texts(PRIMARY_KEY, [table]);
  const keys = new Map(
    postgres.texts(KEYS, [table]).map((index) => [index, [...new Set([...postgres.texts(INDEX_KEY, [table, index]), ...primary])]]),
  );
  const checks = postgres.texts(CHECKS, [table]);
  return { columns, keys, checks };
}

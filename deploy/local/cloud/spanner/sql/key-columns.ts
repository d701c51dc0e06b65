import { invalidArgument, notFound } from '../api/spanner-failure.ts';
import type { Postgres } from '../engine/postgres.ts';

/** A column of a key, in the key's order. */
export interface KeyColumn {
  readonly name: string;
  readonly typeOid: number;
}

const KEY_COLUMNS = `
SELECT a.attname, coalesce(nullif(t.typbasetype, 0), a.atttypid)::bigint
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_type t ON t.oid = a.atttypid
WHERE k.position <= i.indnkeyatts`;

/** The primary key of a table. */
export function primaryKey(postgres: Postgres, table: string): KeyColumn[] {
  return columns(postgres, `${KEY_COLUMNS} AND i.indisprimary AND i.indrelid = to_regclass($1) ORDER BY k.position`, table, 'Table');
}

/** The key of an index, which is in the schema of its table. */
export function indexKey(postgres: Postgres, index: string): KeyColumn[] {
  return columns(postgres, `${KEY_COLUMNS} AND i.indexrelid = to_regclass($1) ORDER BY k.position`, index, 'Index');
}

/** The types of columns of a table. */
export function columnTypes(postgres: Postgres, table: string): ReadonlyMap<string, number> {
  const sql = `SELECT a.attname, coalesce(nullif(t.typbasetype, 0), a.atttypid)::bigint FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`;
  return new Map(columns(postgres, sql, table, 'Table').map(({ name, typeOid }) => [name, typeOid]));
}

/** What a catalogue query for names and types of columns answers about a table or an index, which is called as SQL has it. */
export function readColumns(postgres: Postgres, sql: string, relation: string): KeyColumn[] {
  return postgres.query(sql, [relation]).rows.map(([name, typeOid]) => ({ name: String(name), typeOid: Number(typeOid) }));
}

/** Quotes a name as SQL needs it. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes the name of a table or an index, as the API has it: "schema.name" or "name". */
export function quoteQualified(name: string): string {
  const parts = name.split('.');
  if (name === '' || parts.length > 2) throw invalidArgument(`"${name}" is not the name of a table or an index`);
  return parts.map(quote).join('.');
}

function columns(postgres: Postgres, sql: string, name: string, kind: string): KeyColumn[] {
  const found = readColumns(postgres, sql, quoteQualified(name));
  if (found.length === 0) throw notFound(`${kind} not found: ${name}`);
  return found;
}

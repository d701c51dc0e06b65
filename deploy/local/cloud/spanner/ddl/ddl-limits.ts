import type { Postgres } from '../engine/postgres.ts';
import { addRowLimits, dropRowLimits } from '../sql/row-limits.ts';
import { checkSchemaLimits } from './schema-limits.ts';
import { tableShape } from './table-shape.ts';

const IDENTIFIER = String.raw`(?:"(?:[^"]|"")+"|[a-z_][\w$]*)`;
const QUALIFIED = `(${IDENTIFIER}(?:\\.${IDENTIFIER})?)`;

const CHANGED_TABLE = [
  String.raw`^CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?${QUALIFIED}`,
  String.raw`^ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?${QUALIFIED}`,
  String.raw`^CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:${IDENTIFIER}\s+)?ON\s+${QUALIFIED}`,
].map((pattern) => new RegExp(pattern, 'i'));
const DROPPED_INDEX = new RegExp(String.raw`^DROP\s+INDEX\s+(?:IF\s+EXISTS\s+)?${QUALIFIED}`, 'i');

/**
 * Runs a DDL statement, and holds what it has left behind, the table and the rows to come, to Spanner's limits. Inside of a transaction.
 *
 * @param text As PostgreSQL gets it, without comments in front.
 * @throws {SpannerFailure} for a schema beyond a limit; the transaction is to be rolled back.
 */
export function runLimitedDdl(postgres: Postgres, text: string, run: () => void): void {
  const table = changedTable(postgres, text);
  if (table !== undefined && /^ALTER\b/i.test(text)) {
    const before = tableShape(postgres, table);
    if (before !== undefined) dropRowLimits(postgres, table, before);
  }
  run();
  if (table !== undefined) limitTable(postgres, table);
}

/** Limits the tables of a database that an older version of this server has stored without limits. */
export function limitOldTables(postgres: Postgres): void {
  const unlimited = postgres.texts(`
    SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.oid >= 16384 AND n.nspname NOT IN ('local_spanner', 'spanner')
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c')`);
  if (unlimited.length === 0) return;
  postgres.execute('BEGIN READ WRITE');
  for (const table of unlimited) limitTable(postgres, table);
  postgres.execute('COMMIT');
  postgres.forgetStatements();
}

function limitTable(postgres: Postgres, table: string): void {
  const shape = tableShape(postgres, table);
  if (shape === undefined) return;
  checkSchemaLimits(table, shape);
  addRowLimits(postgres, table, shape);
}

/** The table whose columns or keys a statement changes; undefined where it changes none. */
function changedTable(postgres: Postgres, text: string): string | undefined {
  for (const pattern of CHANGED_TABLE) {
    const table = pattern.exec(text)?.[1];
    if (table !== undefined) return table;
  }
  const index = DROPPED_INDEX.exec(text)?.[1];
  if (index === undefined) return undefined;
  const sql = 'SELECT indrelid::regclass FROM pg_index WHERE indexrelid = to_regclass($1)';
  return postgres.texts(sql, [index])[0];
}

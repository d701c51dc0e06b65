import { invalidArgument } from '../api/spanner-failure.ts';
import type { Postgres } from '../engine/postgres.ts';
import { quote } from '../sql/key-columns.ts';
import type { RewrittenDdl } from './ddl-rewrite.ts';

const PRIMARY_KEY = `
SELECT a.attname
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indisprimary AND i.indrelid = to_regclass($1)
ORDER BY k.position`;

/** What INTERLEAVE IN PARENT means for rows: the start of the child's key is the key of a row of the parent, which takes its children along. */
export function addInterleaveKey(postgres: Postgres, { table, parent, cascade }: NonNullable<RewrittenDdl['interleave']>): void {
  const keyOf = (name: string) => postgres.texts(PRIMARY_KEY, [name]).map(quote);
  const parentKey = keyOf(parent);
  if (parentKey.length === 0) throw invalidArgument(`the parent table ${parent} does not exist`);
  const childKey = keyOf(table).slice(0, parentKey.length);
  if (childKey.join() !== parentKey.join()) {
    throw invalidArgument(`the primary key of ${table} must start with that of its parent ${parent}: ${parentKey.join(', ')}`);
  }
  const onDelete = cascade ? ' ON DELETE CASCADE' : '';
  postgres.execute(`ALTER TABLE ${table} ADD FOREIGN KEY (${childKey.join()}) REFERENCES ${parent} (${parentKey.join()})${onDelete}`);
}

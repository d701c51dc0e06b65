/** A migration that Spanner refuses until its statement is written: what has been applied once can no longer be changed. */
export function migrationTemplate(service: string, name: string): string {
  return `-- ${name}: why the schema changes.
--
-- Spanner, in its PostgreSQL dialect:
-- - Each statement ends a line with its semicolon and says IF NOT EXISTS (or IF EXISTS): a file that stops half-way is applied again from its start.
-- - A new column is nullable or has a constant DEFAULT: rows that are there get it. The release before this one writes rows without it.
-- - Types are text, bigint, boolean, double precision, numeric, bytea, timestamptz and jsonb. A column keeps its type; NOT NULL may come and go.
-- - No column of a primary key is ever added, dropped or renamed: that is a new table.
-- - Uniqueness is CREATE UNIQUE INDEX; a partial index is WHERE <column> IS NOT NULL and nothing else.
-- - DDL is in no transaction, and no DML stands here: data is moved by the service, or by a schedule of its own.
-- - The schema comes before the release that needs it, and a column goes one release after the last code that names it.
--
-- The store says the same (services/${service}/store/): a test compares them.
ALTER TABLE ${service}.<table> ADD COLUMN IF NOT EXISTS <column> <type>;
`;
}

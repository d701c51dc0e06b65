import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';

/** A database directory ready to be copied, built by build.ts: initdb takes seconds and 750 MB. */
export const TEMPLATE_DIRECTORY = fileURLToPath(new URL('./gen/template', import.meta.url));

/** What every database has beside its own tables: this server's bookkeeping, and what Spanner's PostgreSQL dialect has in its schema `spanner`. */
const BOOTSTRAP = `
CREATE SCHEMA local_spanner;
CREATE TABLE local_spanner.instances (name text PRIMARY KEY, config text NOT NULL, display_name text NOT NULL, node_count int NOT NULL);
CREATE TABLE local_spanner.databases (name text PRIMARY KEY);
CREATE TABLE local_spanner.ddl (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, statement text NOT NULL);
CREATE TABLE local_spanner.commits (id text PRIMARY KEY, commit_time bigint NOT NULL);
CREATE SCHEMA spanner;
CREATE DOMAIN spanner.commit_timestamp AS timestamptz;
CREATE FUNCTION spanner.pending_commit_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
  AS $$ SELECT current_setting('local_spanner.commit_time')::timestamptz $$;
CREATE FUNCTION spanner.generate_uuid() RETURNS text VOLATILE LANGUAGE sql AS $$ SELECT gen_random_uuid()::text $$;
`;

/** Strings sort by code point, as in Spanner. WAL segments of 1 MB keep the directory small. */
const INITDB = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--wal-segsize=1'];

/** Makes a new database directory. The directory appears whole or not at all. */
export async function createDatabaseDirectory(directory: string): Promise<void> {
  const unfinished = `${directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const pglite = await PGlite.create({ dataDir: unfinished, initDbStartParams: INITDB });
  await pglite.exec(BOOTSTRAP);
  // Two thirds of the files belong to databases that nobody opens.
  await pglite.exec(`UPDATE pg_database SET datistemplate = false`);
  await pglite.exec('DROP DATABASE template0');
  await pglite.exec('DROP DATABASE template1');
  await pglite.exec(`ALTER SYSTEM SET min_wal_size = '2MB'`);
  await pglite.exec('CHECKPOINT');
  await pglite.close();
  renameSync(unfinished, directory);
}

/** Makes sure that there is a database directory: copies the template, or where it was not built makes one from nothing. */
export async function ensureDatabaseDirectory(directory: string): Promise<void> {
  if (existsSync(directory)) return;
  if (!existsSync(join(TEMPLATE_DIRECTORY, 'PG_VERSION'))) return createDatabaseDirectory(directory);
  const unfinished = `${directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(TEMPLATE_DIRECTORY, unfinished, { recursive: true });
  renameSync(unfinished, directory);
}

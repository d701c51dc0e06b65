import type { Spanner, v1 } from '@google-cloud/spanner';
import { status } from '@grpc/grpc-js';
import { errorText } from '../../contracts/error-text.ts';
import { type Database, DatabaseError, defineStatements } from './database.ts';
import { type Migration, readMigrations } from './migrations.ts';
import { createSpannerClient, type DatabaseAddress } from './spanner-client.ts';
import { openDatabase } from './spanner-database.ts';
import { isSpannerError } from './spanner-errors.ts';
import { text, timestamp } from './tables/columns.ts';
import { insert, select } from './tables/statements.ts';
import { table } from './tables/table.ts';

/** Which database gets which migrations. */
export interface MigrateOptions extends DatabaseAddress {
  /** The folder that holds the services. */
  readonly root: string;
}

const createTable = [
  'CREATE SCHEMA IF NOT EXISTS kumiko',
  'CREATE TABLE IF NOT EXISTS kumiko.migrations (name text PRIMARY KEY, fingerprint text NOT NULL, create_time timestamptz NOT NULL)',
];

/** What was applied. */
export const appliedMigrations = table('kumiko', 'migrations', {
  key: ['name'],
  columns: { name: text('name'), fingerprint: text('fingerprint'), createTime: timestamp('create_time') },
});

/** The SQL of the table that remembers what was applied. */
export const migrationStatements = defineStatements('kumiko', {
  listMigrations: select(appliedMigrations.pick('name', 'fingerprint'), ''),
  insertMigration: insert(appliedMigrations, { unlessThere: true }),
});

/**
 * Applies the migrations that the database has not seen, in order, one schema operation for each file, and returns their names. One read when there are
 * none. With SPANNER_EMULATOR_HOST set it also creates the instance and the database; in the cloud they are part of the infrastructure.
 *
 * A file that stops half-way is applied again from its start: its statements say IF NOT EXISTS.
 *
 * @throws where a file was changed after it was applied, or Spanner refuses a statement.
 */
export async function migrate({ root, ...address }: MigrateOptions): Promise<string[]> {
  const migrations = readMigrations(root);
  let database = openDatabase(address);
  try {
    let applied = await listApplied(database);
    if (applied === undefined) {
      await database.close();
      await prepare(address);
      database = openDatabase(address);
      applied = new Map();
    }
    const pending = findPending(migrations, applied);
    if (pending.length > 0) await withAdmin(address, (admin, name) => apply(admin, name, database, pending));
    return pending.map((migration) => migration.name);
  } finally {
    await database.close();
  }
}

function findPending(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): Migration[] {
  return migrations.filter(({ name, fingerprint }) => {
    const before = applied.get(name);
    if (before !== undefined && before !== fingerprint) {
      throw new Error(`migration ${name} was changed after it was applied: undo the change and write a new migration`);
    }
    return before === undefined;
  });
}

/** Names and fingerprints, or undefined where table or database is missing. */
async function listApplied(database: Database): Promise<Map<string, string> | undefined> {
  try {
    const rows = await migrationStatements.listMigrations.all(database, {});
    return new Map(rows.map((row) => [row.name, row.fingerprint]));
  } catch (error) {
    const missing = error instanceof DatabaseError && (error.kind === 'not-found' || /does not exist|not found/i.test(error.message));
    if (missing) return undefined;
    throw error;
  }
}

async function apply(admin: v1.DatabaseAdminClient, name: string, database: Database, pending: readonly Migration[]): Promise<void> {
  for (const migration of pending) {
    try {
      await updateDdl(admin, name, migration.statements);
    } catch (error) {
      throw new Error(`migration ${migration.name}: ${errorText(error)}`, { cause: error });
    }
    await database.transact((tx) => tx.execute(...migrationStatements.insertMigration.with({ ...migration, createTime: new Date() })));
  }
}

/** Makes what `migrate` itself needs. */
async function prepare(address: DatabaseAddress): Promise<void> {
  await withAdmin(address, async (admin, name, spanner) => {
    if (process.env['SPANNER_EMULATOR_HOST'] !== undefined) await createLocally(admin, spanner, address);
    await updateDdl(admin, name, createTable);
  });
}

async function createLocally(
  admin: v1.DatabaseAdminClient,
  spanner: Spanner,
  { project, instance, database }: DatabaseAddress,
): Promise<void> {
  await unlessExists(async () => {
    const [operation] = await spanner.getInstanceAdminClient().createInstance({
      parent: `projects/${project}`,
      instanceId: instance,
      instance: { config: `projects/${project}/instanceConfigs/emulator-config`, displayName: instance, nodeCount: 1 },
    });
    await operation.promise();
  });
  await unlessExists(async () => {
    const [operation] = await admin.createDatabase({
      parent: `projects/${project}/instances/${instance}`,
      createStatement: `CREATE DATABASE "${database}"`,
      databaseDialect: 'POSTGRESQL',
    });
    await operation.promise();
  });
}

async function unlessExists(create: () => Promise<void>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isSpannerError(error) || error.code !== status.ALREADY_EXISTS) throw error;
  }
}

async function updateDdl(admin: v1.DatabaseAdminClient, database: string, statements: readonly string[]): Promise<void> {
  const [operation] = await admin.updateDatabaseDdl({ database, statements: [...statements] });
  await operation.promise();
}

async function withAdmin(
  { project, instance, database }: DatabaseAddress,
  use: (admin: v1.DatabaseAdminClient, name: string, spanner: Spanner) => Promise<void>,
): Promise<void> {
  const spanner = await createSpannerClient(project);
  try {
    await use(spanner.getDatabaseAdminClient(), `projects/${project}/instances/${instance}/databases/${database}`, spanner);
  } finally {
    spanner.close();
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SpannerOptions, startSpanner } from '../../../deploy/local/cloud/spanner/start-spanner.ts';
import { layFirstDatabase } from '../../../deploy/local/platform/database/first-database.ts';
import { applyMigrations } from '../../../deploy/local/platform/database/migrations.ts';
import { databaseAddress } from '../../../deploy/local/platform/place.ts';
import { type Database, defineStatements, type Row, type Value } from '../cloud/spanner/database.ts';
import { openDatabase } from '../cloud/spanner/spanner-database.ts';

/** A local Spanner with every service's schema. */
export interface ServiceDatabase {
  readonly database: Database;
  /** Rows of a text of the test's own. */
  rows(text: string, values?: readonly Value[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Starts it. One for each process: Google's client reads from the environment where it is. */
export async function startServiceDatabase(options: Pick<SpannerOptions, 'abortProbability' | 'abortSeed'> = {}): Promise<ServiceDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'service-database-'));
  await layFirstDatabase(folder);
  const server = await startSpanner({ port: 0, dataDir: join(folder, 'spanner'), ...options });
  process.env['SPANNER_EMULATOR_HOST'] = `127.0.0.1:${server.port}`;
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  await applyMigrations({ spanner: server.port }, folder);
  const database = openDatabase(databaseAddress);
  return {
    database,
    rows: (text, values) => database.query(defineStatements('test', { text }).text, values),
    async close() {
      await database.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

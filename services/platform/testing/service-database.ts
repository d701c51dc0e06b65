import { join } from 'node:path';
import { type SpannerOptions, startSpanner } from '../../../deploy/local/cloud/spanner/start-spanner.ts';
import { type Database, defineStatements, type Row, type Value } from '../cloud/spanner/database.ts';
import { migrate } from '../cloud/spanner/migrate.ts';
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
  const server = await startSpanner({ port: 0, ...options });
  process.env['SPANNER_EMULATOR_HOST'] = `127.0.0.1:${server.port}`;
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  const address = { project: 'kumiko-test', instance: 'test', database: 'kumiko' };
  await migrate({ ...address, root: join(import.meta.dirname, '../..') });
  const database = openDatabase(address);
  return {
    database,
    rows: (text, values) => database.query(defineStatements('test', { text }).text, values),
    async close() {
      await database.close();
      await server.close();
    },
  };
}

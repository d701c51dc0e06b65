import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A SQLite file of a local server. */
export interface Store {
  readonly database: DatabaseSync;
  /** Runs `work` in one transaction; a throw rolls back. Nested calls join the outer one. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/**
 * Opens `<stateDir>/<name>.sqlite` and applies `schema` (CREATE … IF NOT EXISTS only).
 * A committed transaction survives kill -9 of the process; WAL with synchronous=NORMAL may lose the last ones when the machine itself fails.
 */
export function openStore(stateDir: string, name: string, schema: string): Store {
  mkdirSync(stateDir, { recursive: true });
  const database = new DatabaseSync(join(stateDir, `${name}.sqlite`));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
  database.exec(schema);
  return {
    database,
    transaction: (work) => {
      if (database.isTransaction) return work();
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
}

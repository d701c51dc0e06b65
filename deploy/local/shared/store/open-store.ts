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
 * One process at a time. A committed transaction survives kill -9 of the process; WAL with synchronous=NORMAL may lose the last ones when the machine itself fails.
 *
 * @throws where another process has the file open, naming the file.
 */
export function openStore(stateDir: string, name: string, schema: string): Store {
  mkdirSync(stateDir, { recursive: true });
  const file = join(stateDir, `${name}.sqlite`);
  const database = new DatabaseSync(file);
  try {
    // Exclusive: two servers on one state would each deliver everything.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
    database.exec(schema);
  } catch (error) {
    database.close();
    if (!isLocked(error)) throw error;
    throw new Error(`${file} is in use by another process: stop that process or choose another state directory`, { cause: error });
  }
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

// https://sqlite.org/rescode.html#busy
function isLocked(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}

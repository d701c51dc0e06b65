import { DatabaseSync } from 'node:sqlite';

const sqliteBusy = 5;

/**
 * Takes a file for this process alone. The lock is the operating system's, through SQLite: it goes with its holder, however that ends, so there is no stale
 * lock after a kill -9 and no guess by process id.
 *
 * @returns how to release it, or undefined where another process holds it.
 * @throws {Error} where the file cannot be made.
 */
export function lockFile(file: string): (() => void) | undefined {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return () => lock.close();
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined;
    throw error;
  }
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A directory that belongs to this process until it is released, or the process ends in whatever way. */
interface DirectoryLock {
  release(): void;
}

/**
 * Takes a directory for this process alone: two PGlites in one directory destroy it, and PGlite itself does not look.
 * The lock is the operating system's, through SQLite: it ends with the process, so nothing stale is left after a kill -9, whoever has the pid by then.
 *
 * @throws {Error} naming the process that has the directory.
 */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true });
  const pidFile = join(directory, 'lock.pid');
  const lock = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new Error(`the directory ${directory} is in use by process ${ownerOf(pidFile)}: stop that process, or name another directory`, {
      cause: error,
    });
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return { release: () => lock.close() };
}

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function ownerOf(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim();
  } catch {
    return '(unknown: it has just started)';
  }
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../../../../../services/platform/tools/file-lock.ts';

/** A directory that belongs to this process until it is released, or the process ends in whatever way. */
interface DirectoryLock {
  release(): void;
}

/**
 * Takes a directory for this process alone: two PGlites in one directory destroy it, and PGlite itself does not look.
 *
 * @throws {Error} naming the process that has the directory.
 */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true });
  const pidFile = join(directory, 'lock.pid');
  const release = lockFile(join(directory, 'lock'));
  if (release === undefined) {
    throw new Error(`the directory ${directory} is in use by process ${ownerOf(pidFile)}: stop that process, or name another directory`);
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return { release };
}

function ownerOf(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim();
  } catch {
    return '(unknown: it has just started)';
  }
}

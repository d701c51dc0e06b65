import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Locks a state directory for this process. SQLite's lock on a file goes with its holder, however that ends: no stale lock, no guess by process id.
 *
 * @returns how to release it, or undefined where another process holds it.
 */
export function lockState(stateDir: string): (() => void) | undefined {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(stateDir, 'lock.sqlite'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return () => lock.close();
  } catch {
    lock.close();
    return undefined;
  }
}

/** Whether a platform works on the state now. */
export function isLocked(stateDir: string): boolean {
  const release = lockState(stateDir);
  release?.();
  return release === undefined;
}

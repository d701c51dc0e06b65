import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../../../services/platform/tools/file-lock.ts';

/** The file that is locked, in the folder of the state. */
export const stateLockFile = 'lock.sqlite';

/**
 * Locks a state directory for this process.
 *
 * @returns how to release it, or undefined where another process holds it.
 */
export function lockState(stateDir: string): (() => void) | undefined {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  return lockFile(join(stateDir, stateLockFile));
}

/** Whether a platform works on the state now. */
export function isLocked(stateDir: string): boolean {
  const release = lockState(stateDir);
  release?.();
  return release === undefined;
}

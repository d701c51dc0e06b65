import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeLeftCode } from './preview-code.ts';
import { stateLockFile } from './state-lock.ts';

/**
 * Forgets the state of a platform: database, messages, traces, logs, keys, business time, and the code of previews. For who holds its lock, whose file stays:
 * nobody else can hold one meanwhile.
 *
 * @param kept further files that stay, by their names.
 */
export async function forgetState(stateDir: string, kept: readonly string[] = []): Promise<void> {
  await removeLeftCode(join(stateDir, 'previews'));
  for (const name of readdirSync(stateDir)) {
    if (name !== stateLockFile && !kept.includes(name)) rmSync(join(stateDir, name), { recursive: true, force: true });
  }
}

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeLeftCode } from './preview-code.ts';

/**
 * Forgets the state of a platform that does not run: database, messages, traces, logs, keys, business time, and the code of previews.
 *
 * @param kept files that stay, by their names.
 */
export async function forgetState(stateDir: string, kept: readonly string[] = []): Promise<void> {
  await removeLeftCode(join(stateDir, 'previews'));
  for (const name of readdirSync(stateDir)) {
    if (!kept.includes(name)) rmSync(join(stateDir, name), { recursive: true, force: true });
  }
}

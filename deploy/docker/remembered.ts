import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askedFor, sharedFolder } from './tree-cache.ts';

/**
 * A text that is the same whenever it is made of the same, made once: it is kept beside the trees, as long as they are.
 *
 * @param kind what it is, as the beginning of a file's name.
 * @param inputs all that it is made of, versions of what makes it too.
 * @throws what could not make it.
 */
export async function remembered(
  kind: string,
  inputs: readonly string[],
  make: () => Promise<string>,
  folder = sharedFolder,
): Promise<string> {
  const file = join(folder, `${kind}-${createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 32)}`);
  if (existsSync(file)) return readFileSync(askedFor(file), 'utf8');
  const text = await make();
  mkdirSync(folder, { recursive: true });
  // Builds in containers share the folder, and none is to read half a text.
  const unfinished = mkdtempSync(`${file}.`);
  try {
    writeFileSync(join(unfinished, 'text'), text);
    renameSync(join(unfinished, 'text'), file);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return text;
}

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocuments } from './documents.ts';

/** Where the documents lie for review. */
export const goldenFolder = join(import.meta.dirname, 'golden');

/** What the golden files must hold, by file name. */
export async function goldenFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await openApiDocuments())].map(([name, document]) => [name, `${JSON.stringify(document, null, 2)}\n`]));
}

/** Writes the golden files and removes those that nothing makes any more. */
export async function writeGoldenFiles(): Promise<void> {
  const files = await goldenFiles();
  mkdirSync(goldenFolder, { recursive: true });
  for (const orphan of readdirSync(goldenFolder).filter((name) => !files.has(name))) rmSync(join(goldenFolder, orphan));
  for (const [name, text] of files) writeFileSync(join(goldenFolder, name), text);
}

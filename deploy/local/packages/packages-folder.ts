import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { genFolder } from '../../../services/platform/contracts/product-folder.ts';

/**
 * Where `npm run build` puts the packages that the platform's processes import: bundled, and without what services need seldom or never. As they are installed
 * they are over a thousand files that each process would find, read and evaluate at each start. Images have them bundled too.
 */
export const packagesFolder = join(genFolder, 'packages');

const currentFile = join(packagesFolder, 'current');

/** The folder of the bundles that were built last; undefined before the first build. A process keeps to those that it has begun with. */
export function currentBundles(): string | undefined {
  return existsSync(currentFile) ? join(packagesFolder, readFileSync(currentFile, 'utf8')) : undefined;
}

/** Puts bundles there, by the names of their files. The ones before stay, for processes that have begun with them; older ones go. */
export function putBundles(files: ReadonlyMap<string, string>): void {
  const before = existsSync(currentFile) ? readFileSync(currentFile, 'utf8') : undefined;
  const name = createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('hex')
    .slice(0, 16);
  const unfinished = join(packagesFolder, 'unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  for (const [file, text] of files) writeFileSync(join(unfinished, file), text);
  if (name !== before) rmSync(join(packagesFolder, name), { recursive: true, force: true });
  if (!existsSync(join(packagesFolder, name))) renameSync(unfinished, join(packagesFolder, name));
  writeFileSync(`${currentFile}.unfinished`, name);
  renameSync(`${currentFile}.unfinished`, currentFile);
  const kept = [name, before, basename(currentFile), '.stamp'];
  for (const entry of readdirSync(packagesFolder)) if (!kept.includes(entry)) rmSync(join(packagesFolder, entry), { recursive: true });
}

/** The name of the file that stands for what is imported by `specifier`, such as `@google-cloud/spanner`, without its ending. */
export function entryOf(specifier: string): string {
  return specifier.replaceAll('/', '+');
}

import { createHash } from 'node:crypto';
import { globSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type BuilderName, idOf } from './builder.ts';

/** A name that no other content has. */
export function digestOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** What patterns of globs match in a folder, but for others: the path of each and whom it allows what, as layers have both, and of files what is in them. */
export function entriesIn(folder: string, patterns: readonly string[], exclude: readonly string[] = []): (string | Buffer)[] {
  return globSync(patterns, { cwd: folder, exclude })
    .toSorted()
    .flatMap((path) => {
      // A link is what it is, and what has gone since is not there.
      const entry = lstatSync(join(folder, path), { throwIfNoEntry: false });
      if (entry === undefined) return [];
      const named = `${path} ${entry.mode.toString(8)} `;
      if (entry.isSymbolicLink()) return [named, readlinkSync(join(folder, path))];
      return entry.isFile() ? [named, readFileSync(join(folder, path))] : [named];
    });
}

/** The base images of a Dockerfile, given as arguments or its own. One that has been pulled anew is another one of the same name. */
export function basesOf(builder: BuilderName, dockerfile: string, args: Readonly<Record<string, string>>): Promise<string[]> {
  const named = [...dockerfile.matchAll(/^ARG (\w+_IMAGE)=(\S+)$/gm)].map(([, argument, image]) => args[argument!] ?? image!);
  return Promise.all(named.map(async (image) => `${image} ${await idOf(builder, image)}`));
}

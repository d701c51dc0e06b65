import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { descriptorFile } from '../../services/platform/contracts/descriptor-file.ts';

const root = join(import.meta.dirname, '../..');
/** Removed by `npm ci`; kept by the builders of images in a cache mount. */
export const sharedFolder = join(root, 'node_modules/.cache/kumiko-images');

/**
 * A tree that nobody has asked for in so long, 30 days, is removed. Nobody knows what runs from a tree: a platform that was started longer ago, and whose trees
 * nobody has asked for since, loses its files.
 */
const keptMs = 30 * 24 * 3_600_000;

const listEnding = '.sources.json';

/**
 * The file tree of an image, made where something that it is made of has changed since: what makes trees, packages, contracts, and the sources that were in it
 * the last time. A tree is never changed once it is there: processes of platforms may run from it.
 *
 * @param assemble makes the tree in a folder and returns the sources that are in it, from the root of the project.
 */
export async function cachedTree(
  image: string,
  assemble: (tree: string) => Promise<readonly string[]>,
  folder = sharedFolder,
): Promise<string> {
  const listFile = join(folder, `${image}${listEnding}`);
  if (existsSync(listFile)) {
    const tree = join(folder, treeName(image, JSON.parse(readFileSync(listFile, 'utf8')) as string[]));
    if (existsSync(tree)) return askedFor(tree);
  }
  mkdirSync(folder, { recursive: true });
  // Builds in containers share the folder, and may have the same process id.
  const unfinished = mkdtempSync(join(folder, `${image}.`));
  try {
    // One below: the folder itself is for nobody else to read.
    const made = join(unfinished, 'tree');
    mkdirSync(made);
    const sources = await assemble(made);
    const tree = join(folder, treeName(image, sources));
    try {
      renameSync(made, tree);
    } catch (error) {
      // It is there already: of another process that was as fast, or of an earlier list of sources.
      if (!existsSync(tree)) throw error;
    }
    const list = join(unfinished, 'sources.json');
    writeFileSync(list, JSON.stringify(sources));
    renameSync(list, listFile);
    return askedFor(tree);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Removes what nobody has asked for in a long time: trees, texts beside them (`remembered.ts`), and what builds that were killed have left of theirs. */
export function removeOldTrees(folder = sharedFolder): void {
  if (!existsSync(folder)) return;
  const before = Date.now() - keptMs;
  for (const name of readdirSync(folder)) {
    if (name.endsWith(listEnding)) continue;
    const path = join(folder, name);
    // Another build may have removed it meanwhile.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < before) rmSync(path, { recursive: true, force: true });
  }
}

/** Begins the time anew for which a tree, or what lies beside, is kept. */
export function askedFor(tree: string): string {
  const now = new Date();
  utimesSync(tree, now, now);
  return tree;
}

/** What the tree of an image is called that is made of these sources as they are now. */
function treeName(image: string, sources: readonly string[]): string {
  const hash = createHash('sha256').update(toolsDigest());
  // Packages are as the lockfile has them, and what is no file is derived from them.
  const own = sources.filter((source) => !source.includes('node_modules/') && existsSync(join(root, source)));
  for (const source of own.toSorted()) hash.update(source).update(readFileSync(join(root, source)));
  return `${image}-${hash.digest('hex').slice(0, 16)}`;
}

let tools: string | undefined;

/** Of what makes every tree, and of the Node that code caches are for. */
function toolsDigest(): string {
  if (tools !== undefined) return tools;
  const files = [
    ...globSync(join(import.meta.dirname, '{*,shrink/*}.{ts,cjs}')).filter((file) => !file.endsWith('.test.ts')),
    join(root, 'package-lock.json'),
    descriptorFile,
    join(dirname(descriptorFile), 'services.json'),
  ];
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  for (const file of files.toSorted()) hash.update(readFileSync(file));
  tools = hash.digest('hex');
  return tools;
}

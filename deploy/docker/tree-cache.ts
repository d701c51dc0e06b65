import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
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
const folder = join(root, 'node_modules/.cache/kumiko-images');

/** A tree that nobody has asked for in so long is removed. */
const keptMs = 7 * 24 * 3_600_000;

/**
 * The file tree of an image, made where something that it is made of has changed since: what makes trees, packages, contracts, and the sources that were in it
 * the last time. A tree is never changed once it is there: processes of platforms may run from it.
 *
 * @param assemble makes the tree in a folder and returns the sources that are in it, from the root of the project.
 */
export async function cachedTree(image: string, assemble: (tree: string) => Promise<readonly string[]>): Promise<string> {
  const listFile = join(folder, `${image}.sources.json`);
  if (existsSync(listFile)) {
    const tree = treeOf(image, JSON.parse(readFileSync(listFile, 'utf8')) as string[]);
    if (existsSync(tree)) {
      const now = new Date();
      utimesSync(tree, now, now);
      return tree;
    }
  }
  const unfinished = join(folder, `${image}.${process.pid}`);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  try {
    const sources = await assemble(unfinished);
    const tree = treeOf(image, sources);
    try {
      renameSync(unfinished, tree);
    } catch (error) {
      // Another process was as fast.
      if (!existsSync(tree)) throw error;
    }
    writeFileSync(`${unfinished}.json`, JSON.stringify(sources));
    renameSync(`${unfinished}.json`, listFile);
    return tree;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Removes trees that are of no use any more. */
export function removeOldTrees(nowMs = Date.now()): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.json') && statSync(path).mtimeMs < nowMs - keptMs) rmSync(path, { recursive: true, force: true });
  }
}

/** Where the tree of an image lies that is made of these sources as they are now. */
function treeOf(image: string, sources: readonly string[]): string {
  const hash = createHash('sha256').update(toolsDigest());
  // Packages are as the lockfile has them, and what is no file is derived from them.
  const own = sources.filter((source) => !source.includes('node_modules/') && existsSync(join(root, source)));
  for (const source of own.toSorted()) hash.update(source).update(readFileSync(join(root, source)));
  return join(folder, `${image}-${hash.digest('hex').slice(0, 16)}`);
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

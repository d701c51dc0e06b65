/** `node deploy/otel/build-collector.ts`: builds the collector of collector/ into the cache that all checkouts share, and prints where it is. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'collector');
const sources = ['go.mod', 'go.sum', 'main.go'];

/** The executable: built of exactly these sources, or not there. */
function executable(): string {
  const hash = createHash('sha256');
  for (const file of sources) hash.update(readFileSync(join(folder, file)));
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kumiko', 'collector');
  return join(cache, `${hash.digest('hex').slice(0, 16)}-${process.platform}-${process.arch}`, 'collector');
}

/** A collector that was built before. */
export function builtCollector(): string | undefined {
  const file = executable();
  return existsSync(file) ? file : undefined;
}

/**
 * Builds the collector, unless it is there: the first time takes some minutes. It appears whole or not at all, also where two build it at once.
 *
 * @throws where there is no Go, or the modules cannot be had.
 */
export function buildCollector(): string {
  const file = executable();
  if (existsSync(file)) return file;
  const unfinished = `${file}.${process.pid}`;
  mkdirSync(join(file, '..'), { recursive: true });
  execFileSync('go', ['build', '-ldflags=-s -w', '-o', unfinished, '.'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  renameSync(unfinished, file);
  return file;
}

if (import.meta.main) console.log(buildCollector());

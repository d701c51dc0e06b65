import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = join(import.meta.dirname, '../../..');

/** A build step: files in, a folder out. */
interface BuildStep {
  /** What is built, for messages. */
  readonly name: string;
  /** Files whose contents decide whether the output is current. */
  readonly inputs: readonly string[];
  /** The folder that the step fills. Its stamp file remembers the inputs. */
  readonly output: string;
}

/**
 * Runs `build` unless the step's output was built from the very same inputs. Where two processes build the same output at once, the later one waits, and finds
 * it done. Returns whether it ran.
 */
export async function buildIfChanged(step: BuildStep, build: () => void | Promise<void>): Promise<boolean> {
  const stampFile = join(step.output, '.stamp');
  const isCurrent = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint(step.inputs);
  if (isCurrent()) return false;
  mkdirSync(dirname(step.output), { recursive: true });
  const release = await lockBuild(`${step.output}.lock`, step.name);
  try {
    if (isCurrent()) return false;
    // Read before the build: what changes meanwhile is built the next time.
    const stamp = fingerprint(step.inputs);
    process.stderr.write(`building ${step.name}\n`);
    await build();
    writeFileSync(stampFile, stamp);
    return true;
  } finally {
    release();
  }
}

/** Between two looks whether another process has ended its build. */
const lockIntervalMs = 100;

/**
 * Takes the lock of a build, waiting for whoever has it.
 *
 * @param file of the lock, in a folder that is there.
 * @param name of what is built, for messages.
 * @returns how to release it.
 */
export async function lockBuild(file: string, name: string): Promise<() => void> {
  // Loaded only when there is something to build: every start of the platform comes by here.
  const { lockFile } = await import('./file-lock.ts');
  for (let tries = 0; ; tries += 1) {
    const release = lockFile(file);
    if (release !== undefined) return release;
    if (tries === 0) process.stderr.write(`waiting for another build of ${name}\n`);
    await delay(lockIntervalMs);
  }
}

/** The same in every folder of the project with the same files: an output that is copied along with them is current there. */
function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

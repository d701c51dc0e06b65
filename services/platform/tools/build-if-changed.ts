import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A build step: files in, a folder out. */
interface BuildStep {
  /** What is built, for messages. */
  readonly name: string;
  /** Files whose contents decide whether the output is current. */
  readonly inputs: readonly string[];
  /** The folder that the step fills. Its stamp file remembers the inputs. */
  readonly output: string;
}

/** Runs `build` unless the step's output was built from the very same inputs. Returns whether it ran. */
export async function buildIfChanged(step: BuildStep, build: () => void | Promise<void>): Promise<boolean> {
  const stampFile = join(step.output, '.stamp');
  const stamp = fingerprint(step.inputs);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;
  process.stderr.write(`building ${step.name}\n`);
  await build();
  writeFileSync(stampFile, stamp);
  return true;
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

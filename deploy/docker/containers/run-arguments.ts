import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Limits, ownLabel, runtime } from './podman.ts';

/** What a container is started with. */
interface ContainerRun {
  readonly name: string;
  readonly image: string;
  readonly limits: Limits;
  readonly env: Readonly<Record<string, string>>;
  /** This machine's, or none but its own loopback. */
  readonly network: 'host' | 'none';
  /** Files of this machine, by path in the container, where they can be read only. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where its variables are written for podman. */
  readonly folder: string;
  /** Further options. */
  readonly options?: readonly string[];
}

/**
 * The arguments by which podman runs a container as Cloud Run does: the limits of the manifest, the image's own user, no capabilities, a root file system that
 * cannot be written, `/tmp` in memory, which counts. It is this process's: see `removeOrphans`.
 */
export function runArguments({ name, image, limits, env, network, files = {}, folder, options = [] }: ContainerRun): string[] {
  // Not on the command line, where everybody on this machine reads it.
  const envFile = join(folder, 'env');
  const lines = Object.entries(env).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(envFile, lines.join(''), { mode: 0o600 });
  const memory = limits.memory.toLowerCase().replace('i', '');
  return [
    ...runtime(),
    ...['run', '--name', name, '--label', ownLabel(), '--log-driver', 'none', '--pull', 'never', '--network', network],
    ...['--memory', memory, '--memory-swap', memory, '--cpus', limits.cpu],
    ...['--read-only', '--read-only-tmpfs=false', '--tmpfs', '/tmp:rw,mode=1777'],
    ...['--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
    // Of less than this machine's own, or runc may not set them.
    ...['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=1000:1000'],
    ...Object.entries(files).flatMap(([inside, file]) => ['--volume', `${file}:${inside}:ro`]),
    ...options,
    ...['--env-file', envFile, image],
  ];
}

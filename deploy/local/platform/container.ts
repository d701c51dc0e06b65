import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnLeashed } from '../../../gateway/envoy/leash.ts';
import type { Limits } from '../../docker/containers/podman.ts';
import { runArguments } from '../../docker/containers/run-arguments.ts';
import { clockVariable } from '../shared/clock/clock-message.ts';

/** An image of ours, run as a container: what its manifest gives to it, this machine's network, and business time as the platform's other processes have it. */
export interface ContainerProgram {
  readonly image: string;
  readonly limits: Limits;
  /** The user and group that its image names: files that variables name are for them alone. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** A module that Node loads before the image's own code: it moves business time. */
  readonly preload: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where the folders of running containers lie. */
  readonly folder: string;
}

/** A container that is started. */
interface StartedContainer {
  /** podman's process: it ends with the container, with its code, and has Node's channel to it. */
  readonly process: ChildProcess;
  /** The process id, on this machine, of the container's first process; undefined before there is one. */
  readonly pid: () => number | undefined;
}

/** Where the folders of a platform's containers lie, by an absolute path. */
export const containersFolder = (stateDir: string) => resolve(stateDir, 'containers');

const preloadInside = '/kumiko/preload.mjs';
let started = 0;

/**
 * Starts a container that does not outlive this process, once `removeWithParent` has been called.
 *
 * @param output the file descriptor that it writes to.
 * @param aheadMs how far business time is ahead of the machine's clock.
 */
export function startContainer(
  { image, limits, user, preload, env, folder: parent }: ContainerProgram,
  output: number,
  aheadMs: number,
): StartedContainer {
  const name = `kumiko-${basename(image).replace(/:.*/, '')}-${process.pid}-${++started}`;
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(parent, `${name}-`));
  const preloadFile = join(folder, 'preload.mjs');
  writeFileSync(preloadFile, preload);
  const pidFile = join(folder, 'pid');
  const args = runArguments({
    name,
    image,
    limits,
    env: {
      ...env,
      [clockVariable]: String(aheadMs),
      NODE_OPTIONS: `--import=${preloadInside}`,
      // The first descriptor that podman hands on, see below.
      NODE_CHANNEL_FD: '3',
      NODE_CHANNEL_SERIALIZATION_MODE: 'json',
    },
    network: 'host',
    files: { [preloadInside]: preloadFile, ...readableCopies(env, user, folder) },
    folder,
    options: ['--rm', '--pidfile', pidFile, '--preserve-fds', '1'],
  });
  // conmon notes a want of memory in its folder. 3 is the guard's pipe, which the guard alone needs, and 4 Node's channel.
  const child = spawnLeashed('/bin/sh', ['-c', 'cd "$0" && exec podman "$@" 3<&4 4<&-', folder, ...args], {
    stdout: output,
    stderr: output,
    env: { PATH: process.env['PATH'] ?? '' },
    ipc: true,
  });
  child.once('exit', (_code, signal) => {
    // podman itself was killed, while it started the container: what there is of that is nobody's.
    if (signal !== null) spawn('podman', ['rm', '--force', '--ignore', '--time', '0', name], { stdio: 'ignore' }).unref();
    rmSync(folder, { recursive: true, force: true });
  });
  let pid: number | undefined;
  return { process: child, pid: () => (pid ??= readPid(pidFile)) };
}

function readPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** Files that variables name by URL are this machine's user's: the container's gets copies, at the same paths. */
function readableCopies(
  env: Readonly<Record<string, string>>,
  { uid, gid }: ContainerProgram['user'],
  folder: string,
): Record<string, string> {
  const urls = Object.values(env).flatMap((value) => value.match(/\bfile:\/\/[^,]+/g) ?? []);
  return Object.fromEntries(
    urls.map((url, index) => {
      const file = fileURLToPath(url);
      const copy = join(folder, `file-${index}`);
      copyFileSync(file, copy);
      chownSync(copy, uid, gid);
      return [file, copy];
    }),
  );
}

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * A program need not watch its parent, and one that stands still cannot. This shell does, on a pipe that the parent holds: a newline in it is leave to go, its
 * end without one is the parent's death, whatever the cause, on Linux and on macOS. `$$` is the shell that becomes the program. The guard holds none of its
 * channels: 3 is the pipe, 4 is Node's.
 */
const guarded = '(exec 4<&-; trap "" INT TERM HUP; read -r _ <&3 || kill -KILL $$) & exec "$0" "$@" 3<&-';

/** Where a program writes: a file descriptor, this process's own ("inherit") or a stream of the child ("pipe"). */
type Output = number | 'inherit' | 'pipe';

/** How a program is started. */
interface LeashOptions {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Opens Node's channel for messages. */
  readonly ipc?: boolean;
}

/** Starts a program that does not outlive this process. The child's process id is the program's; it emits "close" when its guard is gone as well. */
export function spawnLeashed(program: string, args: readonly string[], { stdout, stderr, env, ipc = false }: LeashOptions): ChildProcess {
  const stdio: StdioOptions = ['ignore', stdout, stderr, 'pipe', ...(ipc ? (['ipc'] as const) : [])];
  const child = spawn('/bin/sh', ['-c', guarded, program, ...args], { stdio, ...(env && { env }) });
  // The channel's other end closes with the guard.
  const leash = child.stdio[3] as Socket;
  leash.on('error', () => {}).resume();
  child.once('exit', () => leash.end('\n'));
  return child;
}

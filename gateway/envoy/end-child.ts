import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Whether a child process is no more. */
export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Asks a child process to end, by SIGTERM, and resolves when it has; at once where it has ended already. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

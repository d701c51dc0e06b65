import { execFileSync } from 'node:child_process';

const watchMs = 500;

/**
 * Calls back once when `npm`, which started this process, is gone: a person who has killed that has killed the platform. npm hands on a Ctrl-C, and no
 * other signal; a shell may stand between the two. Does nothing where this process was started by itself.
 */
export function whenLauncherGone(callback: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const launcher = parentOf(parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && (launcher === undefined || isAlive(launcher))) return;
    clearInterval(timer);
    callback();
  }, watchMs);
  timer.unref();
}

/** Undefined for the first process, and where nobody can tell. */
function parentOf(pid: number): number | undefined {
  try {
    const parent = Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
    return parent > 1 ? parent : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second (proc(5), USER_HZ). */
const millisecondsPerTick = 10;

/** CPU time that a process has used so far, all threads together. Linux only. */
export function cpuMilliseconds(pid: number): number {
  const [user, system] = times(pid);
  return (user + system) * millisecondsPerTick;
}

/**
 * The same of the threads that it has now, to the microsecond (/proc/<pid>/task/<tid>/schedstat): a short round of few requests is some ten ticks long.
 * For processes whose threads never end.
 */
export function threadsCpuMilliseconds(pid: number): number {
  const nanoseconds = (thread: string) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + nanoseconds(thread), 0) / 1e6;
}

/** The same with that of its children that have ended. */
export function cpuMillisecondsWithChildren(pid: number): number {
  return times(pid).reduce((sum, ticks) => sum + ticks, 0) * millisecondsPerTick;
}

/** utime, stime, cutime and cstime. */
function times(pid: number): [number, number, number, number] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold anything; the times are the 12th to 15th fields behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number) as [number, number, number, number];
}

import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second (proc(5), USER_HZ). */
const millisecondsPerTick = 10;

/** CPU time that a process has used so far, all threads together. Linux only. */
export function cpuMilliseconds(pid: number): number {
  const [user, system] = times(pid);
  return (user + system) * millisecondsPerTick;
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

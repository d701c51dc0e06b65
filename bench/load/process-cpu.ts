import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second (proc(5), USER_HZ). */
const millisecondsPerTick = 10;

/** CPU time that a process has used so far, all threads together. Linux only. */
export function cpuMilliseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold anything; utime and stime are the 12th and 13th fields behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * millisecondsPerTick;
}

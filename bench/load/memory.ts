import { readdirSync, readFileSync } from 'node:fs';

const sampleMs = 100;

/** The processes of a group. Linux only. */
export function processesOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => groupOf(pid) === group);
}

/** Memory of a process in bytes, what it shares with others counted by its share (PSS). */
export function proportionalBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** Memory of a process in bytes, all that it shares with others counted (RSS). */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** The most memory that a process has had at one time in bytes (RSS). */
export function peakResidentBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM');
}

function statusBytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
}

/** Memory of a process while something runs: the largest PSS that was seen, in bytes, and what ran. */
export async function watchMemory<T>(pid: number, work: () => Promise<T>): Promise<{ readonly result: T; readonly largestBytes: number }> {
  let largestBytes = proportionalBytes(pid);
  const timer = setInterval(() => {
    largestBytes = Math.max(largestBytes, proportionalBytes(pid));
  }, sampleMs);
  try {
    const result = await work();
    return { result, largestBytes };
  } finally {
    clearInterval(timer);
  }
}

function groupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

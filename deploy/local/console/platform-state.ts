import { readFileSync } from 'node:fs';
import { product } from '../../../services/platform/contracts/services.ts';
import type { PlatformState, ProcessState } from './api.ts';
import type { ConsolePlatform } from './console-platform.ts';
import type { LiveSource } from './live.ts';

const pageBytes = 4_096;

/** How the platform is: its processes, previews, places and time. */
export function platformState({ processes, previews, endpoints, clock, lastChange }: ConsolePlatform, startedMs: number): PlatformState {
  const { edge, jobs, admin, jobs_admin, issuer, spanner, pubsub, tasks, scheduler, run, outside, clock: clockUrl } = endpoints();
  return {
    product,
    startedMs,
    aheadMs: clock.aheadMs,
    change: lastChange(),
    processes: processes.list().map(({ name, status }): ProcessState => ({ name, ...status, memoryBytes: memoryOf(status.pid) })),
    previews: previews.list().map(({ service, tag, name, state, code }) => ({ service, tag, name, state, code })),
    places: {
      edge,
      jobs,
      'edge admin': admin,
      'jobs admin': jobs_admin,
      issuer,
      spanner,
      pubsub,
      tasks,
      scheduler,
      run,
      clock: clockUrl,
      ...outside,
    },
  };
}

/** Tells the state whenever it has changed. */
export function platformSource(read: () => PlatformState): LiveSource {
  return {
    name: 'platform',
    everyMs: 500,
    open() {
      let last = '';
      return () => {
        const state = read();
        // Memory moves all the time: it comes along with what matters, or when it has moved by some megabytes.
        const text = JSON.stringify(state, (key, value) =>
          key === 'memoryBytes' && value !== undefined ? Math.round(value / (1 << 22)) : value,
        );
        if (text === last) return undefined;
        last = text;
        return state;
      };
    },
  };
}

/** Resident bytes, where the system tells them. */
function memoryOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;
  } catch {
    return undefined;
  }
}

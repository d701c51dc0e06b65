import { randomUUID } from 'node:crypto';
import type { Call } from '../platform/chassis/server/call.ts';
import { describeMethod } from '../platform/contracts/methods.ts';
import { triggersOf } from '../platform/contracts/triggers.ts';
import type { JobStore } from './store/store.ts';

/** Longer than a run may take: its deadline, and the clocks of two instances. */
const graceMs = 10_000;

/** Runs of scheduled methods: one at a time for each method, whatever the number of instances and ticks. */
export type RunAlone = <T>(call: Call, work: () => Promise<T>) => Promise<T | undefined>;

/**
 * Runs a scheduled method's work under a lease in the database; undefined, and nothing is done, where another run has it. A run that was killed keeps its
 * lease for the method's deadline at the longest. Every run is safe to repeat: the lease saves work and keeps runs from getting in each other's way.
 */
export function createRunAlone(store: Pick<JobStore, 'takeLease' | 'dropLease'>): RunAlone {
  return async (call, work) => {
    const [trigger] = triggersOf(describeMethod(call.method));
    if (trigger?.kind !== 'schedule') throw new TypeError(`${call.method.name} has no schedule`);
    const { resourceId: job, deadlineMs } = trigger;
    const holder = randomUUID();
    if (!(await store.takeLease(job, holder, deadlineMs + graceMs))) {
      call.logger.info({ job }, 'another run is under way: this tick does nothing');
      return undefined;
    }
    try {
      return await work();
    } finally {
      await store.dropLease(job, holder).catch((error: unknown) => call.logger.warn({ err: error, job }, 'the lease ends by its time'));
    }
  };
}

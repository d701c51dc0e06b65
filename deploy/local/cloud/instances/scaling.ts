import type { RevisionLimits } from './limits.ts';

/** An instance as scaling sees it. */
export interface ScaledInstance {
  readonly requests: number;
  readonly upMs: number;
  /** When it last began or ended a request; when it came up, where it has had none. */
  readonly usedMs: number;
}

/** What a revision has and what is asked of it, at one moment. */
export interface ScalingState<I extends ScaledInstance> {
  readonly nowMs: number;
  readonly limits: Pick<RevisionLimits, 'minInstances' | 'maxInstances' | 'concurrency' | 'idleMs'>;
  /** Requests that wait for an instance. */
  readonly waiting: number;
  /** Instances that take requests. */
  readonly ready: readonly I[];
  /** Instances that are being started. */
  readonly starting: number;
  /** When so many instances were last needed, by their number: `neededMs[3]` for three. */
  readonly neededMs: readonly number[];
  /** Before this nothing is started: the last start has failed. */
  readonly noStartBeforeMs: number;
}

/** What is to be done. */
interface ScalingDecision<I> {
  /** So many instances are started. */
  readonly start: number;
  /** These are ended. None of them has a request. */
  readonly stop: readonly I[];
  /** When to look again, if nothing happens before; undefined: when something happens. */
  readonly againMs: number | undefined;
}

/** So many instances are needed for requests that run or wait, the least and the most that there may be aside. */
export function neededFor(requests: number, concurrency: number): number {
  return Math.ceil(requests / concurrency);
}

/**
 * Cloud Run's scaling on demand: as many instances as the requests at hand fill, no fewer than the least and no more than the most, and what is no longer
 * needed goes when it has not been needed for a while. Cloud Run's other rule, which aims at 60 % of concurrency and CPU over a minute, is left out: it starts
 * instances earlier than this one, and a machine of two cores shows nothing by it.
 *
 * @see https://docs.cloud.google.com/run/docs/about-instance-autoscaling
 */
export function decideScaling<I extends ScaledInstance>(state: ScalingState<I>): ScalingDecision<I> {
  const { nowMs, limits, waiting, ready, starting, neededMs, noStartBeforeMs } = state;
  const { minInstances, maxInstances, concurrency, idleMs } = limits;
  const requests = waiting + ready.reduce((sum, instance) => sum + instance.requests, 0);
  const needed = neededFor(requests, concurrency);
  const there = ready.length + starting;
  const missing = Math.min(maxInstances, Math.max(minInstances, needed)) - there;
  if (missing > 0) {
    return nowMs >= noStartBeforeMs ? { start: missing, stop: [], againMs: undefined } : { start: 0, stop: [], againMs: noStartBeforeMs };
  }
  const stop: I[] = [];
  const idle = ready.filter((instance) => instance.requests === 0).toSorted((a, b) => a.usedMs - b.usedMs);
  for (let count = there; count > Math.max(minInstances, needed); count--) {
    const instance = idle.shift();
    if (instance === undefined) break;
    const dueMs = (neededMs[count] ?? instance.upMs) + idleMs;
    if (dueMs > nowMs) return { start: 0, stop, againMs: dueMs };
    stop.push(instance);
  }
  return { start: 0, stop, againMs: undefined };
}

import { DueHeap } from '../../shared/clock/due-heap.ts';
import type { UsedTime } from './cost.ts';
import { billed } from './instance-use.ts';
import type { RevisionLimits } from './limits.ts';
import { decideScaling, neededFor } from './scaling.ts';

/** A request as it would come. */
export interface SimulatedRequest {
  readonly atMs: number;
  readonly durationMs: number;
}

/** What is simulated. */
interface SimulationOptions {
  readonly limits: Pick<RevisionLimits, 'minInstances' | 'maxInstances' | 'concurrency' | 'idleMs'>;
  /** What an instance takes to come up. */
  readonly startupMs: number;
  /** The end of it. */
  readonly untilMs: number;
}

/** What has come of it. */
interface Simulation extends UsedTime {
  /** Requests that have waited for an instance. */
  readonly waited: number;
  readonly mostInstances: number;
}

interface SimulatedInstance {
  requests: number;
  readonly startedMs: number;
  readonly upMs: number;
  usedMs: number;
  activeSinceMs: number;
}

type Event = { readonly request: SimulatedRequest } | { readonly ended: SimulatedInstance } | { readonly up: number } | 'again';

/** Runs requests, in the order of their times, against the same scaling as the platform's, without processes and without waiting. */
export function simulate(requests: readonly SimulatedRequest[], { limits, startupMs, untilMs }: SimulationOptions): Simulation {
  const events = new DueHeap<Event>();
  for (const request of requests) events.push(request.atMs, { request });
  const neededMs: number[] = [];
  let ready: SimulatedInstance[] = [];
  const waiting: SimulatedRequest[] = [];
  let nowMs = 0;
  let starting = 0;
  let running = 0;
  let needed = 0;
  let activeMs = 0;
  let keptIdleMs = 0;
  let lifeMs = 0;
  let waited = 0;
  let mostInstances = 0;

  scale();
  for (let event = events.peek(); event !== undefined && event.at <= untilMs; event = events.peek()) {
    events.pop();
    pass(event.at);
    handle(event.value);
    grant();
    scale();
  }
  pass(untilMs);
  for (const instance of ready) end(instance);
  return {
    activeSeconds: activeMs / 1000,
    keptIdleSeconds: keptIdleMs / 1000,
    lifeSeconds: lifeMs / 1000,
    requests: requests.length,
    waited,
    mostInstances,
  };

  function pass(atMs: number): void {
    const active = ready.filter((instance) => instance.requests > 0).length + starting;
    keptIdleMs += Math.max(0, Math.min(limits.minInstances, ready.length + starting) - active) * (atMs - nowMs);
    nowMs = atMs;
  }

  function handle(event: Event): void {
    if (event === 'again') return;
    if ('up' in event) {
      starting -= 1;
      activeMs += billed(startupMs);
      ready.push({ requests: 0, startedMs: event.up, upMs: nowMs, usedMs: nowMs, activeSinceMs: nowMs });
    } else if ('ended' in event) {
      const instance = event.ended;
      instance.requests -= 1;
      instance.usedMs = nowMs;
      count(-1);
      if (instance.requests === 0) activeMs += billed(nowMs - instance.activeSinceMs);
    } else {
      waiting.push(event.request);
      count(1);
      if (!ready.some((instance) => instance.requests < limits.concurrency)) waited += 1;
    }
  }

  function count(change: 1 | -1): void {
    running += change;
    const now = neededFor(running, limits.concurrency);
    for (let number = now + 1; number <= needed; number++) neededMs[number] = nowMs;
    needed = now;
  }

  function grant(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const free = ready.filter((instance) => instance.requests < limits.concurrency).toSorted((a, b) => a.requests - b.requests)[0];
      if (free === undefined) return;
      if (free.requests === 0) free.activeSinceMs = nowMs;
      free.requests += 1;
      waiting.shift();
      events.push(nowMs + next.durationMs, { ended: free });
    }
  }

  function scale(): void {
    const state = { nowMs, limits, waiting: waiting.length, ready, starting, neededMs, noStartBeforeMs: 0 };
    const { start, stop, againMs } = decideScaling(state);
    for (let number = 0; number < start; number++) events.push(nowMs + startupMs, { up: nowMs });
    starting += start;
    for (const instance of stop) end(instance);
    ready = ready.filter((instance) => !stop.includes(instance));
    mostInstances = Math.max(mostInstances, ready.length + starting);
    if (againMs !== undefined) events.push(againMs, 'again');
  }

  function end(instance: SimulatedInstance): void {
    lifeMs += nowMs - instance.startedMs;
    if (instance.requests > 0) activeMs += billed(nowMs - instance.activeSinceMs);
  }
}

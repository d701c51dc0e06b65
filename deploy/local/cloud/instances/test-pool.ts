import type { Clock } from '../../shared/local-server.ts';
import { systemClock } from '../../shared/local-server.ts';
import { fixedHost } from './fixed-host.ts';
import { alwaysOn } from './limits.ts';
import { RevisionPool } from './revision-pool.ts';

/** A revision whose one instance is there, for tests of what stands before it. */
export function oneInstance(port: number, clock: Clock = systemClock): RevisionPool {
  return new RevisionPool({ revision: 'test', limits: alwaysOn, startedAhead: 1, host: fixedHost(() => port), clock });
}

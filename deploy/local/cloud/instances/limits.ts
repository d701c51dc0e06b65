/** How many instances a revision has, and what each of them takes: Cloud Run's numbers. */
export interface RevisionLimits {
  /** Instances that stay where nobody calls. */
  readonly minInstances: number;
  /** Whether those are the service's, and so only as many of a revision as it has traffic, as `run.googleapis.com/minScale` of a service says it. */
  readonly minFollowsTraffic: boolean;
  readonly maxInstances: number;
  /** Requests that an instance has at one time: `containerConcurrency`. */
  readonly concurrency: number;
  /** The longest that a request may take: `timeoutSeconds`. */
  readonly timeoutMs: number;
  /** Whether an instance stands still while it has no request: `run.googleapis.com/cpu-throttling`. */
  readonly cpuThrottling: boolean;
  /** How long an instance that is not needed stays. Cloud Run says "up to 15 minutes". */
  readonly idleMs: number;
}

/** One process that always runs and takes everything, with Cloud Run's longest request timeout. */
export const alwaysOn: RevisionLimits = {
  minInstances: 1,
  minFollowsTraffic: false,
  maxInstances: 1,
  concurrency: Number.MAX_SAFE_INTEGER,
  timeoutMs: 3_600_000,
  cpuThrottling: false,
  idleMs: 900_000,
};

/** What one instance has used: what Cloud Run bills, and what its cold start took. Times are in milliseconds. */
export interface InstanceUse {
  readonly revision: string;
  readonly instance: string;
  /** When its start was asked for, since the epoch. */
  readonly startedMs: number;
  readonly startupMs: number;
  /** From its start to its end, or until now. */
  readonly lifeMs: number;
  /** For so long of it there was a request, or it started or ended: with `cpu-throttling` it had the CPU for no more. */
  readonly activeMs: number;
  /** The same as Cloud Run counts it: each time that it was active is rounded up to 100 ms. */
  readonly billedMs: number;
  readonly requests: number;
}

/** @see InstanceUse */
export function billed(activeMs: number): number {
  return Math.ceil(activeMs / 100) * 100;
}

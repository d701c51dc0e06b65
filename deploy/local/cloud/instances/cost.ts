import type { InstanceUse } from './instance-use.ts';

/** What a revision's instances have, and how Cloud Run bills them. */
export interface BilledSize {
  /** vCPUs. */
  readonly cpu: number;
  readonly memoryGib: number;
  /** `cpu-throttling`: CPU and money for requests, or for as long as an instance is there. */
  readonly billing: 'request' | 'instance';
}

/** US dollars, without the free tier: regions of tier 1, to which asia-northeast1 belongs; https://cloud.google.com/run/pricing, read in November 2026. */
const listPrices = {
  request: { vcpuSecond: 0.000_024, gibSecond: 0.000_002_5, idleVcpuSecond: 0.000_002_5, idleGibSecond: 0.000_002_5, request: 0.000_000_4 },
  instance: { vcpuSecond: 0.000_018, gibSecond: 0.000_002 },
} as const;

/** What instances have used, summed. */
export interface UsedTime {
  /** Seconds with a request, a start or an end, each time rounded up to 100 ms. */
  readonly activeSeconds: number;
  /** Seconds of those that are kept where nobody calls, without a request. */
  readonly keptIdleSeconds: number;
  /** Seconds from start to end. */
  readonly lifeSeconds: number;
  readonly requests: number;
}

/** What all instances of a log have used. None was kept: whoever keeps some adds their seconds. */
export function usedTime(log: readonly InstanceUse[]): UsedTime {
  const sum = (of: (use: InstanceUse) => number) => log.reduce((total, use) => total + of(use), 0);
  return {
    activeSeconds: sum(({ billedMs }) => billedMs) / 1000,
    keptIdleSeconds: 0,
    lifeSeconds: sum(({ lifeMs }) => lifeMs) / 1000,
    requests: sum(({ requests }) => requests),
  };
}

/** What it costs in US dollars at Cloud Run's list prices. */
export function costOf(
  { activeSeconds, keptIdleSeconds, lifeSeconds, requests }: UsedTime,
  { cpu, memoryGib, billing }: BilledSize,
): number {
  if (billing === 'instance') {
    const { vcpuSecond, gibSecond } = listPrices.instance;
    return lifeSeconds * (cpu * vcpuSecond + memoryGib * gibSecond);
  }
  const { vcpuSecond, gibSecond, idleVcpuSecond, idleGibSecond, request } = listPrices.request;
  const active = activeSeconds * (cpu * vcpuSecond + memoryGib * gibSecond);
  return active + keptIdleSeconds * (cpu * idleVcpuSecond + memoryGib * idleGibSecond) + requests * request;
}

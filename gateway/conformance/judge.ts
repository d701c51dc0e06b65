import type { ConformanceCase } from './conformance-case.ts';
import { knownGaps } from './known-gaps.ts';
import type { Plane } from './planes/plane.ts';
import type { Rig } from './rig.ts';
import { protocolsOf } from './run-case.ts';

/** How one case ended. */
export type CaseVerdict =
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'known-gap'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly faults: readonly string[] };

// Milliseconds; the longest case waits for a time limit of three seconds.
const caseLimit = 10_000;

/** Runs a case by all its protocols and judges it by the data plane's list of known gaps. */
export async function judge(rig: Rig, kind: Plane['kind'], one: ConformanceCase, gaps = knownGaps): Promise<CaseVerdict> {
  const faults: string[] = [];
  for (const protocol of protocolsOf(one)) {
    try {
      faults.push(...(await within(caseLimit, rig.run(one, protocol))).map((fault) => `${protocol}: ${fault}`));
    } catch (error) {
      faults.push(`${protocol}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const reason = gaps[kind][one.name];
  if (faults.length > 0) return reason === undefined ? { outcome: 'failed', faults } : { outcome: 'known-gap', reason };
  if (reason === undefined) return { outcome: 'passed' };
  return { outcome: 'failed', faults: ['it passes now: remove it from the known gaps'] };
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

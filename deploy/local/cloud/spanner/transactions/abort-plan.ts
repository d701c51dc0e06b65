/** How probable an abort is where nobody says otherwise: who works against this server meets aborts every day, not first in production. */
export const usualAbortProbability = 0.05;

/** Where a transaction is aborted: before its first statement runs, or when it commits. */
export type AbortPoint = 'statement' | 'commit';

/** Decides which transactions are aborted without a cause, as Spanner may at any time. */
export interface AbortPlan {
  /** Asked once for each read-write transaction. */
  next(): AbortPoint | undefined;
  /** The next transaction that starts is aborted at this point, whatever the probability. */
  force(point: AbortPoint): void;
  /** Of one transaction, 0 to 1. */
  probability: number;
}

/**
 * Aborts by chance, half of them early and half at commit.
 *
 * @param probability 0 to 1, of one transaction.
 * @param seed Transactions that come in the same order meet the same fate again.
 */
export function createAbortPlan(probability: number, seed: number): AbortPlan {
  const forced: AbortPoint[] = [];
  const random = mulberry32(seed);
  const plan: AbortPlan = {
    probability,
    force: (point) => {
      forced.push(point);
    },
    next: () => {
      const point = forced.shift();
      if (point !== undefined) return point;
      const draw = random();
      if (draw >= plan.probability) return undefined;
      return draw < plan.probability / 2 ? 'statement' : 'commit';
    },
  };
  return plan;
}

/** A small seeded generator of numbers in [0, 1): Math.random cannot be seeded. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

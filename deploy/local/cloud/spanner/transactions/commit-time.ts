import type { google } from '../api/spanner-api.ts';

/** Microseconds since the epoch: the precision of both Spanner and PostgreSQL. */
export type Micros = bigint;

/** Hands out commit times that grow, even within one millisecond of the clock. */
export function createCommitTimes(now: () => number): () => Micros {
  let last = 0n;
  return () => {
    const current = BigInt(Math.floor(now())) * 1000n;
    last = current > last ? current : last + 1n;
    return last;
  };
}

/** As PostgreSQL reads it. */
export function toRfc3339(time: Micros): string {
  return `${new Date(Number(time / 1000n)).toISOString().slice(0, -1)}${String(time % 1000n).padStart(3, '0')}Z`;
}

/** As the API has it. */
export function toTimestamp(time: Micros): google.protobuf.ITimestamp {
  return { seconds: String(time / 1_000_000n), nanos: Number(time % 1_000_000n) * 1000 };
}

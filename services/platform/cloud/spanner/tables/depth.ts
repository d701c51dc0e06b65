import type { Querier } from '../database.ts';
import { bigint, optional, timestamp } from './columns.ts';
import { type Query, query } from './statements.ts';

/** How much is in a table that is read by time. */
export interface Depth {
  /** Counted up to 10,000: counting on would only cost. */
  readonly rows: number;
  /** The age of the oldest row; undefined where there is none. */
  readonly oldestSeconds: number | undefined;
}

type Counted = { readonly stored: bigint; readonly oldest: Date | undefined };

/** As far as rows are counted: the index is read that far. */
const countedRows = 10_000;

/** Counts the rows of a table. @param timeColumn the column that says how old a row is. It has an index. */
export function depth(schema: string, table: string, timeColumn: string) {
  return query(
    { stored: bigint('stored'), oldest: optional(timestamp('oldest')) },
    `SELECT count(*) AS stored, min(${timeColumn}) AS oldest
    FROM (SELECT ${timeColumn} FROM ${schema}.${table} ORDER BY ${timeColumn} LIMIT $limit) AS counted`,
  );
}

/** Runs it. @throws {DatabaseError} */
export async function depthOf(querier: Querier, counting: Query<{ limit: number }, Counted>, now: Date): Promise<Depth> {
  const { stored = 0n, oldest } = (await counting.first(querier, { limit: countedRows })) ?? {};
  return { rows: Number(stored), oldestSeconds: oldest && Math.max(0, (now.getTime() - oldest.getTime()) / 1_000) };
}

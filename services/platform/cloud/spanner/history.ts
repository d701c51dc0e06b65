import { type Database, defineStatements } from './database.ts';
import { timestamp } from './tables/columns.ts';
import { type Depth, depth, depthOf } from './tables/depth.ts';
import { dml, query } from './tables/statements.ts';

/** A table whose rows are kept for a time only. */
export interface KeptTable {
  /** Without its schema. */
  readonly table: string;
  /** The column that says how old a row is. It has an index. */
  readonly timeColumn: string;
  readonly keptMs: number;
}

/** Deletes what is older than it has to be. */
export interface History {
  /** Deletes at most `limit` rows of each table, the oldest first, and tells how many. What is left waits for the next call. */
  prune(limit: number): Promise<number>;
  /** How much is in each table. */
  depths(): Promise<readonly TableDepth[]>;
}

/** How much is in a table. */
interface TableDepth extends Depth {
  /** Without its schema. */
  readonly table: string;
}

const dayMs = 24 * 3_600_000;

/** Longer than Pub/Sub keeps an event (7 days) and its dead letter (another 7), so that every repetition is recognised. */
export const inboxTable: KeptTable = { table: 'inbox', timeColumn: 'create_time', keptMs: 30 * dayMs };

/** As long as a request id is promised to be known. */
export const requestsTable: KeptTable = { table: 'requests', timeColumn: 'create_time', keptMs: dayMs };

/** Rows of one transaction: far below what Spanner changes in one, https://cloud.google.com/spanner/quotas#limits-for. */
const batchRows = 1000;

/** The tables of one schema. Outboxes are not among them: their rows go when they are published, whenever that is. */
export function createHistory({
  schema,
  tables,
  database,
  now,
}: {
  readonly schema: string;
  readonly tables: readonly KeptTable[];
  readonly database: Database;
  readonly now: () => Date;
}): History {
  async function pruneTable({ table, timeColumn, keptMs }: KeptTable, limit: number): Promise<number> {
    const { findEnd, deleteUntil } = historyStatements(schema, table, timeColumn);
    const before = new Date(now().getTime() - keptMs);
    let deleted = 0;
    while (deleted < limit) {
      const rows = Math.min(batchRows, limit - deleted);
      const end = await findEnd.first(database, { before, skipped: rows - 1 });
      // Fewer than a batch are left: all that is old goes.
      const until = end?.time ?? before;
      const count = await database.transact((tx) => tx.execute(...deleteUntil.with({ until })));
      deleted += count;
      if (end === undefined) break;
    }
    return deleted;
  }

  return {
    async prune(limit) {
      let deleted = 0;
      for (const table of tables) deleted += await pruneTable(table, limit);
      return deleted;
    },
    depths: () =>
      Promise.all(
        tables.map(async ({ table, timeColumn }) => ({
          table,
          ...(await depthOf(database, historyStatements(schema, table, timeColumn).depth, now())),
        })),
      ),
  };
}

/** The SQL of a table's retention. Any primary key will do: rows are counted off by time. */
export function historyStatements(schema: string, table: string, timeColumn: string) {
  return defineStatements(`${schema}.${table}`, {
    findEnd: query(
      { time: timestamp('time') },
      `SELECT ${timeColumn} AS time FROM ${schema}.${table} WHERE ${timeColumn} < $before ORDER BY ${timeColumn} LIMIT 1 OFFSET $skipped`,
    ),
    depth: depth(schema, table, timeColumn),
    deleteUntil: dml(`DELETE FROM ${schema}.${table} WHERE ${timeColumn} <= $until`),
  });
}

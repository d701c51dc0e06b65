import type { google, Mutation } from '../api/spanner-api.ts';
import { invalidArgument } from '../api/spanner-failure.ts';
import type { Postgres } from '../engine/postgres.ts';
import { dmlShape } from '../sql/dml-shape.ts';
import { columnTypes, primaryKey, quoteQualified } from '../sql/key-columns.ts';

/** Of the mutations of one commit, and of one DML statement: https://cloud.google.com/spanner/quotas#limits-for */
const MAX_MUTATIONS = 80_000;

/** No row can count for more: 1,024 columns and 128 indexes. */
const MOST_OF_A_ROW = 1_024 + 128;

/**
 * Counts mutations as Spanner does, once for each column that a row writes, its key always among them, once for each key or range that is deleted, and once for
 * each entry of a secondary index. Spanner looks at which entries change; here each index of the table counts.
 */
export function countMutations(postgres: Postgres, mutations: readonly Mutation[]): number {
  return mutations.reduce((count, { insert, update, insertOrUpdate, replace, delete: removal }) => {
    const write = insert ?? update ?? insertOrUpdate ?? replace;
    return count + (write == null ? countDelete(postgres, removal) : countWrite(postgres, write));
  }, 0);
}

/** @throws {SpannerFailure} INVALID_ARGUMENT */
export function checkMutationCount(count: number): void {
  if (count > MAX_MUTATIONS) {
    throw invalidArgument(`the transaction has ${count} mutations, those of its indexes included; at most ${MAX_MUTATIONS} are allowed`);
  }
}

/**
 * Checks a DML statement that has touched `rowCount` rows. The limit is for each statement: a transaction may hold several of them
 * (https://cloud.google.com/spanner/docs/commit-statistics).
 *
 * @throws {SpannerFailure} INVALID_ARGUMENT
 */
export function checkDmlMutations(postgres: Postgres, sql: string, rowCount: number): void {
  if (rowCount * MOST_OF_A_ROW <= MAX_MUTATIONS) return;
  const shape = dmlShape(sql);
  if (shape === undefined) return;
  const table = shape.table.replaceAll('"', '');
  const ofRow = shape.isDelete ? 1 : columnsOf(postgres, table, shape.columns ?? [...columnTypes(postgres, table).keys()]);
  checkMutationCount(rowCount * (ofRow + indexCount(postgres, table)));
}

function countWrite(postgres: Postgres, { table, columns, values }: google.spanner.v1.Mutation.IWrite): number {
  return (values?.length ?? 0) * (columnsOf(postgres, table ?? '', columns ?? []) + indexCount(postgres, table ?? ''));
}

function countDelete(postgres: Postgres, removal: google.spanner.v1.Mutation.IDelete | null | undefined): number {
  const { all, keys = [], ranges = [] } = removal?.keySet ?? {};
  const operations = (all ? 1 : 0) + (keys?.length ?? 0) + (ranges?.length ?? 0);
  return operations + (keys?.length ?? 0) * indexCount(postgres, removal?.table ?? '');
}

function columnsOf(postgres: Postgres, table: string, columns: readonly string[]): number {
  return new Set([...columns, ...primaryKey(postgres, table).map(({ name }) => name)]).size;
}

function indexCount(postgres: Postgres, table: string): number {
  const sql = 'SELECT count(*) FROM pg_index WHERE NOT indisprimary AND indrelid = to_regclass($1)';
  return Number(postgres.query(sql, [quoteQualified(table)]).rows[0]?.[0] ?? 0);
}

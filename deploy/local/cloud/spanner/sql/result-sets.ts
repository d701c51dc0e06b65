import type { google, ResultSetMetadata, Value } from '../api/spanner-api.ts';
import { spannerType } from '../ddl/column-types.ts';
import type { Answer, Column } from '../engine/postgres.ts';
import { fromPostgres } from './value-codec.ts';

/** What a statement came to: its shape, and its answer unless it was only planned. */
export interface StatementResult {
  readonly columns: readonly Column[];
  readonly answer?: Answer;
  /** The types that PostgreSQL inferred for the parameters, where the statement was only planned. */
  readonly parameterOids?: readonly number[];
  /** How the rows that DML touched are counted; queries have no count. */
  readonly count?: 'exact' | 'lower-bound';
}

/** Values of one message of a stream, in characters: far below gRPC's limit of 4 MB. */
const MAX_CHUNK_CHARACTERS = 1_000_000;

/** The whole result in one message. */
export function toResultSet(
  result: StatementResult,
  transaction: google.spanner.v1.ITransaction | undefined,
): google.spanner.v1.IResultSet {
  return {
    metadata: metadataOf(result, transaction),
    rows: (result.answer?.rows ?? []).map((row) => ({ values: valuesOf(row, result.columns) })),
    ...statsOf(result),
  };
}

/** The result as a stream, cut between rows. The last message says so, which spares the client a wait for the trailers. */
export function* toPartialResultSets(
  result: StatementResult,
  transaction: google.spanner.v1.ITransaction | undefined,
): Generator<google.spanner.v1.IPartialResultSet> {
  let chunk: google.spanner.v1.IPartialResultSet = { metadata: metadataOf(result, transaction) };
  let values: Value[] = [];
  let characters = 0;
  const rows = result.answer?.rows ?? [];
  for (const [index, row] of rows.entries()) {
    values.push(...valuesOf(row, result.columns));
    for (const text of row) characters += text?.length ?? 0;
    if (characters > MAX_CHUNK_CHARACTERS && index < rows.length - 1) {
      yield { ...chunk, values };
      chunk = {};
      values = [];
      characters = 0;
    }
  }
  yield { ...chunk, values, ...statsOf(result), last: true };
}

function metadataOf(result: StatementResult, transaction: google.spanner.v1.ITransaction | undefined): ResultSetMetadata {
  const metadata: ResultSetMetadata = {
    rowType: { fields: result.columns.map(({ name, typeOid }) => ({ name, type: spannerType(typeOid) })) },
  };
  if (transaction !== undefined) metadata.transaction = transaction;
  if (result.parameterOids !== undefined) {
    metadata.undeclaredParameters = {
      fields: result.parameterOids.map((typeOid, index) => ({ name: `p${index + 1}`, type: spannerType(typeOid) })),
    };
  }
  return metadata;
}

function valuesOf(row: readonly (string | null)[], columns: readonly Column[]): Value[] {
  return columns.map(({ typeOid }, index) => fromPostgres(row[index] ?? null, typeOid));
}

function statsOf({ answer, count }: StatementResult): { stats?: google.spanner.v1.IResultSetStats } {
  if (answer === undefined || count === undefined) return {};
  return { stats: count === 'exact' ? { rowCountExact: answer.rowCount } : { rowCountLowerBound: answer.rowCount } };
}

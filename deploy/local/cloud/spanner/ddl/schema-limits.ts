import { status } from '@grpc/grpc-js';
import { invalidArgument, SpannerFailure } from '../api/spanner-failure.ts';
import type { TableShape } from './table-shape.ts';

/** https://cloud.google.com/spanner/quotas#schema-limits */
const MAX_COLUMNS = 1_024;
const MAX_INDEXES = 128;
const MAX_KEY_COLUMNS = 16;

/**
 * Checks a table as a statement has left it. PostgreSQL has limits of its own, which are higher.
 *
 * @throws {SpannerFailure} FAILED_PRECONDITION or, for keys, INVALID_ARGUMENT, naming the limit.
 */
export function checkSchemaLimits(table: string, { columns, keys }: TableShape): void {
  if (columns.size > MAX_COLUMNS)
    throw failedPrecondition(`the table ${table} has ${columns.size} columns, at most ${MAX_COLUMNS} are allowed`);
  // One of the keys is the primary one.
  if (keys.size - 1 > MAX_INDEXES) throw failedPrecondition(`the table ${table} has more than ${MAX_INDEXES} indexes`);
  for (const [index, parts] of keys) {
    if (parts.length > MAX_KEY_COLUMNS) {
      throw invalidArgument(`${index} has ${parts.length} columns with those of the primary key, at most ${MAX_KEY_COLUMNS} are allowed`);
    }
  }
}

function failedPrecondition(message: string): SpannerFailure {
  return new SpannerFailure(status.FAILED_PRECONDITION, message);
}

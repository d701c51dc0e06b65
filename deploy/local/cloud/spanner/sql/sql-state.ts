import { status } from '@grpc/grpc-js';
import { SpannerFailure } from '../api/spanner-failure.ts';
import type { PostgresError } from '../engine/postgres.ts';
import { rowLimitFailure } from './row-limits.ts';

/** SQLSTATE, or its class of two characters, to the status with which Spanner answers the same fault. The longer key wins. */
const STATUS_OF_STATE: Readonly<Record<string, status>> = {
  '23505': status.ALREADY_EXISTS,
  '23503': status.FAILED_PRECONDITION,
  '23502': status.FAILED_PRECONDITION,
  '23514': status.OUT_OF_RANGE,
  '22001': status.FAILED_PRECONDITION,
  '22003': status.OUT_OF_RANGE,
  '22012': status.OUT_OF_RANGE,
  '22': status.INVALID_ARGUMENT,
  '25': status.INVALID_ARGUMENT,
  '42P06': status.FAILED_PRECONDITION,
  '42P07': status.FAILED_PRECONDITION,
  '42701': status.FAILED_PRECONDITION,
  '42710': status.FAILED_PRECONDITION,
  '2BP01': status.FAILED_PRECONDITION,
  '42': status.INVALID_ARGUMENT,
  '08': status.INVALID_ARGUMENT,
  '0A': status.UNIMPLEMENTED,
  '40': status.ABORTED,
  '53': status.RESOURCE_EXHAUSTED,
  '54': status.INVALID_ARGUMENT,
};

/** The status of an RPC whose statement PostgreSQL refused. */
export function failureOf(error: PostgresError): SpannerFailure {
  const limit = rowLimitFailure(error);
  if (limit !== undefined) return limit;
  const code = STATUS_OF_STATE[error.sqlState] ?? STATUS_OF_STATE[error.sqlState.slice(0, 2)] ?? status.INTERNAL;
  return new SpannerFailure(code, error.detail === undefined ? error.message : `${error.message}: ${error.detail}`);
}

import { create, toBinary } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import { RetryInfoSchema } from '../../contracts/gen/types/google/rpc/error_details_pb.js';
import { DatabaseError, type DatabaseErrorKind } from './database.ts';

/** What the Spanner client throws. */
export interface SpannerError extends Error {
  readonly code: number;
  metadata?: Metadata;
}

const retryInfoKey = 'google.rpc.retryinfo-bin';

/** Whether this came from the Spanner client, rather than from the code that called it. */
export function isSpannerError(error: unknown): error is SpannerError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

/**
 * Whether running the transaction again from the start is safe and may help: it was aborted, or its session is gone. Any other failure of a commit
 * may have come after the commit took effect.
 */
export function mayRunAgain(error: SpannerError): boolean {
  return error.code === status.ABORTED || (error.code === status.NOT_FOUND && error.message.includes('Session not found'));
}

/**
 * Tells the client's transaction runner how long to wait where Spanner did not: it would wait two to three seconds and then double. Ours is random below
 * 20 ms, doubled at each attempt and never above one second.
 */
export function withRetryDelay(error: SpannerError, attempt: number): SpannerError {
  if (error.metadata?.get(retryInfoKey).length) return error;
  const delayMs = Math.random() * Math.min(10 * 2 ** attempt, 1000);
  const retryInfo = create(RetryInfoSchema, { retryDelay: { seconds: 0n, nanos: Math.floor(delayMs * 1e6) } });
  error.metadata ??= new Metadata();
  error.metadata.set(retryInfoKey, Buffer.from(toBinary(RetryInfoSchema, retryInfo)));
  return error;
}

/** Says what the database refused, by statement. The message may hold values of the row: it is for logs. */
export function toDatabaseError(error: unknown, statement: string): unknown {
  if (!isSpannerError(error)) return error;
  // The client lists every earlier failure of a call in its message; the cause keeps it whole.
  const [message] = error.message.split(' : Previous errors');
  return new DatabaseError(kindOf(error), `${statement}: ${message}`, { cause: error });
}

/** Spanner has codes for what failed, but none for the kinds of constraints: its messages tell. */
function kindOf(error: SpannerError): DatabaseErrorKind {
  switch (error.code) {
    case status.ALREADY_EXISTS:
      return 'unique';
    case status.FAILED_PRECONDITION:
      return /foreign key/i.test(error.message) ? 'foreign-key' : 'other';
    case status.OUT_OF_RANGE:
      return /check constraint/i.test(error.message) ? 'check' : 'other';
    case status.NOT_FOUND:
      return 'not-found';
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
    case status.RESOURCE_EXHAUSTED:
    case status.ABORTED:
      return 'unavailable';
    default:
      return 'other';
  }
}

import { fromBinary } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { RetryInfoSchema } from '../../contracts/gen/types/google/rpc/error_details_pb.js';
import { DatabaseError } from './database.ts';
import { mayRunAgain, type SpannerError, toDatabaseError, withRetryDelay } from './spanner-errors.ts';

test.each([
  [status.ALREADY_EXISTS, 'Row [a] in table t already exists', 'unique'],
  [status.FAILED_PRECONDITION, 'Foreign key constraint `f` is violated', 'foreign-key'],
  [status.FAILED_PRECONDITION, 'Cannot specify a null value for column: `a`', 'other'],
  [status.OUT_OF_RANGE, 'Check constraint `c` is violated', 'check'],
  [status.OUT_OF_RANGE, 'integer overflow', 'other'],
  [status.NOT_FOUND, 'Database not found', 'not-found'],
  [status.UNAVAILABLE, 'connection lost', 'unavailable'],
  [status.DEADLINE_EXCEEDED, 'too late', 'unavailable'],
  [status.INVALID_ARGUMENT, 'syntax error', 'other'],
])('code %i, "%s" is %s', (code, message, kind) => {
  const error = toDatabaseError(spannerError(code, message), 'a.statement');
  expect(error).toBeInstanceOf(DatabaseError);
  expect(error).toMatchObject({ kind, message: `a.statement: ${message}` });
});

test('leaves errors alone that are not of Spanner', () => {
  const error = new TypeError('mine');
  expect(toDatabaseError(error, 'a.statement')).toBe(error);
});

test("drops the client's list of earlier failures from the message", () => {
  const error = spannerError(status.UNAVAILABLE, 'gone : Previous errors : [{message: gone}]');
  expect(toDatabaseError(error, 'a.statement')).toMatchObject({ message: 'a.statement: gone', cause: error });
});

test('runs a transaction again only where it cannot have been committed', () => {
  expect(mayRunAgain(spannerError(status.ABORTED, ''))).toBe(true);
  expect(mayRunAgain(spannerError(status.NOT_FOUND, 'Session not found: x'))).toBe(true);
  expect(mayRunAgain(spannerError(status.INTERNAL, 'RST_STREAM'))).toBe(false);
  expect(mayRunAgain(spannerError(status.UNAVAILABLE, ''))).toBe(false);
});

test("keeps Spanner's own delay, and adds one of at most a second where there is none", () => {
  const given = spannerError(status.ABORTED, '');
  given.metadata = new Metadata();
  given.metadata.set('google.rpc.retryinfo-bin', Buffer.from('given'));
  expect(withRetryDelay(given, 0).metadata?.get('google.rpc.retryinfo-bin')).toEqual([Buffer.from('given')]);
  for (const attempt of [0, 3, 50]) {
    const [info] = withRetryDelay(spannerError(status.ABORTED, ''), attempt).metadata?.get('google.rpc.retryinfo-bin') ?? [];
    const { retryDelay } = fromBinary(RetryInfoSchema, info as Buffer);
    expect(retryDelay?.seconds).toBe(0n);
    expect(retryDelay?.nanos).toBeLessThanOrEqual(Math.min(10 * 2 ** attempt, 1000) * 1e6);
  }
});

function spannerError(code: status, message: string): SpannerError {
  return Object.assign(new Error(message), { code });
}

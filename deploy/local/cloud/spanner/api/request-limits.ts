import { requestBytes } from '../../google-api/request-size.ts';
import type { StatementRequest } from '../sql/bound-statement.ts';
import { invalidArgument } from './spanner-failure.ts';

/** https://cloud.google.com/spanner/quotas#query-limits */
const MAX_STATEMENT_CHARACTERS = 1_000_000;
const MAX_PARAMETERS = 950;

/** Of a request that is no commit: https://cloud.google.com/spanner/quotas#request-limits */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

/** Of all that a transaction writes: https://cloud.google.com/spanner/quotas#limits-for */
const MAX_COMMIT_BYTES = 100 * 1024 * 1024;

/** What the gRPC server must take in, so that a commit that is too large is refused by name. */
export const MAX_MESSAGE_BYTES = MAX_COMMIT_BYTES + 1024 * 1024;

/** @throws {SpannerFailure} INVALID_ARGUMENT for a request, other than a commit, of more than 10 MiB. */
export function checkRequestSize(request: object): void {
  const bytes = requestBytes(request);
  if (bytes > MAX_REQUEST_BYTES) throw invalidArgument(`the request has ${bytes} bytes, at most ${MAX_REQUEST_BYTES} are allowed`);
}

/** @throws {SpannerFailure} INVALID_ARGUMENT for a text or a number of parameters that Spanner does not take. */
export function checkStatementSize({ sql, params }: StatementRequest): void {
  const characters = sql?.length ?? 0;
  if (characters > MAX_STATEMENT_CHARACTERS) {
    throw invalidArgument(`the statement has ${characters} characters, at most ${MAX_STATEMENT_CHARACTERS} are allowed`);
  }
  const parameters = Object.keys(params?.fields ?? {}).length;
  if (parameters > MAX_PARAMETERS)
    throw invalidArgument(`the statement has ${parameters} parameters, at most ${MAX_PARAMETERS} are allowed`);
}

/**
 * Checks what a transaction has written, as far as its client sent it: rows that a statement copies inside the database are not counted.
 *
 * @throws {SpannerFailure} INVALID_ARGUMENT for more than 100 MiB.
 */
export function checkCommitSize(writtenBytes: number): void {
  if (writtenBytes > MAX_COMMIT_BYTES) {
    throw invalidArgument(`the transaction writes ${writtenBytes} bytes, at most ${MAX_COMMIT_BYTES} are allowed`);
  }
}

import { inspect } from 'node:util';
import { status } from '@grpc/grpc-js';

/** An error that a local Google API answers with. */
export class ApiError extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** NOT_FOUND for a resource's full name. */
export function notFound(resource: string): ApiError {
  return new ApiError(status.NOT_FOUND, `Resource not found: ${resource}`);
}

/** ALREADY_EXISTS for a resource's full name. */
export function alreadyExists(resource: string): ApiError {
  return new ApiError(status.ALREADY_EXISTS, `Resource already exists: ${resource}`);
}

/** INVALID_ARGUMENT. */
export function invalidArgument(message: string): ApiError {
  return new ApiError(status.INVALID_ARGUMENT, message);
}

/** UNIMPLEMENTED for what the real API has and the local one refuses rather than ignores. */
export function unimplemented(feature: string): ApiError {
  return new ApiError(status.UNIMPLEMENTED, `The local server does not implement ${feature}`);
}

/** Prints an error that a caller must not see. */
export function reportUnexpected(error: unknown): void {
  process.stderr.write(`${inspect(error)}\n`);
}

import { status } from '@grpc/grpc-js';
import type { ErrorReason } from './error-reasons.ts';

/** One field of a request that breaks a rule. */
export interface FieldViolation {
  /** The path in the proto's own names, such as "deal.price.currency_code". */
  readonly field: string;
  readonly description: string;
  /** UPPER_SNAKE_CASE, for programs: which rule it breaks. */
  readonly reason?: string;
}

/** What an RpcError is made of. */
interface RpcErrorInit {
  readonly code: status;
  /** UPPER_SNAKE_CASE, stable: callers decide by it (AIP-193). */
  readonly reason: ErrorReason;
  /** For the caller's developer. Must not tell anything that the caller may not know. */
  readonly message: string;
  /** google.rpc.ErrorInfo.metadata: the changing parts of the message, keys in lowerCamelCase. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly FieldViolation[];
  /** Logged, never sent. */
  readonly cause?: unknown;
}

/** The one error that reaches a caller as it is. Everything else that a handler throws becomes INTERNAL "internal error". */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: status;
  readonly reason: ErrorReason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];

  constructor({ code, reason, message, metadata = {}, fieldViolations = [], cause }: RpcErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.reason = reason;
    this.metadata = metadata;
    this.fieldViolations = fieldViolations;
  }
}

/** NOT_FOUND for a resource name. Also the answer where the caller may not know that it exists. */
export function notFound(resource: string): RpcError {
  return new RpcError({ code: status.NOT_FOUND, reason: 'NOT_FOUND', message: `${resource} not found`, metadata: { resource } });
}

/** FAILED_PRECONDITION: repeating the call does not help before the state changes. */
export function failedPrecondition(reason: ErrorReason, message: string, metadata: Readonly<Record<string, string>> = {}): RpcError {
  return new RpcError({ code: status.FAILED_PRECONDITION, reason, message, metadata });
}

/**
 * FAILED_PRECONDITION for an event that tells of what its receiver does not know. To acknowledge it would be to lose it: it is delivered again, and waits in
 * the dead letter topic in the end, for an operator to find the cause and replay it.
 */
export function eventRefused(event: string, why: string): RpcError {
  return failedPrecondition('EVENT_REFUSED', `event ${event} is refused: ${why}`, { event });
}

/** INVALID_ARGUMENT: the fields are at fault whatever the state. */
export function invalidArgument(message: string, fieldViolations: readonly FieldViolation[]): RpcError {
  return new RpcError({ code: status.INVALID_ARGUMENT, reason: 'INVALID_ARGUMENT', message, fieldViolations });
}

/** UNAVAILABLE: the caller should repeat the call with back-off. The cause is logged. */
export function unavailable(message: string, cause?: unknown): RpcError {
  return new RpcError({ code: status.UNAVAILABLE, reason: 'UNAVAILABLE', message, cause });
}

/** UNIMPLEMENTED: the proto has the method, and nobody has written its handler yet. */
export function unimplemented(method: string): RpcError {
  return new RpcError({ code: status.UNIMPLEMENTED, reason: 'UNIMPLEMENTED', message: `${method} is not written yet` });
}

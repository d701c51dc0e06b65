import { type Code, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ErrorInfoSchema } from './proto/google/rpc/error_details_pb.js';
import { type Reason, reasons } from './reasons.js';

/** An error of the API, with what it carries beyond its code. */
export interface ApiError {
  readonly code: Code;
  /** For developers. */
  readonly message: string;
  /** What to decide by; undefined where the gateway answered by itself, or where the package is older than the reason. */
  readonly reason: Reason | undefined;
  /** The parts of the message that change, such as `resource`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields at fault, by their paths in the proto's names. */
  readonly fieldViolations: readonly { readonly field: string; readonly description: string }[];
}

/**
 * Reads what a call was rejected with.
 *
 *     catch (error) { if (apiError(error).reason === 'ORDER_CANCELLED') … }
 */
export function apiError(error: unknown): ApiError {
  const connectError = ConnectError.from(error);
  const [info] = connectError.findDetails(ErrorInfoSchema);
  const [badRequest] = connectError.findDetails(BadRequestSchema);
  return {
    code: connectError.code,
    message: connectError.rawMessage,
    reason: info !== undefined && info.reason in reasons ? (info.reason as Reason) : undefined,
    metadata: info?.metadata ?? {},
    fieldViolations: badRequest?.fieldViolations ?? [],
  };
}

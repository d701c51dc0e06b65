import { fromBinary } from '@bufbuild/protobuf';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ServiceError, status } from '@grpc/grpc-js';
import { BadRequestSchema, ErrorInfoSchema } from './gen/types/google/rpc/error_details_pb.js';
import { StatusSchema } from './gen/types/google/rpc/status_pb.js';

/** The trailer that carries a google.rpc.Status. */
export const statusDetailsKey = 'grpc-status-details-bin';

/** A call that did not succeed, as the server or the channel told it. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: status;
  /** google.rpc.ErrorInfo.reason, such as "GROUP_FULL". */
  readonly reason: string | undefined;
  /** google.rpc.ErrorInfo.metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** google.rpc.BadRequest.field_violations. */
  readonly fieldViolations: readonly { readonly field: string; readonly description: string }[];
  /** google.rpc.Status.details as they came. */
  readonly details: readonly Any[];

  constructor(error: ServiceError) {
    super(error.details, { cause: error });
    this.code = error.code;
    this.details = unpackDetails(error);
    const info = this.details.map((detail) => anyUnpack(detail, ErrorInfoSchema)).find((detail) => detail !== undefined);
    const badRequest = this.details.map((detail) => anyUnpack(detail, BadRequestSchema)).find((detail) => detail !== undefined);
    this.reason = info?.reason;
    this.metadata = info?.metadata ?? {};
    this.fieldViolations = badRequest?.fieldViolations ?? [];
  }
}

function unpackDetails(error: ServiceError): Any[] {
  const [bytes] = error.metadata?.get(statusDetailsKey) ?? [];
  if (!(bytes instanceof Uint8Array)) return [];
  try {
    return fromBinary(StatusSchema, bytes).details;
  } catch {
    // A proxy may garble a trailer; the code and message are still worth telling.
    return [];
  }
}

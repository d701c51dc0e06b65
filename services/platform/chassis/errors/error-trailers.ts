import { create, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { type Metadata, status } from '@grpc/grpc-js';
import { statusDetailsKey } from '../../contracts/client-error.ts';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
} from '../../contracts/gen/types/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../contracts/gen/types/google/rpc/status_pb.js';
import type { ResourceTypes } from '../../contracts/resource-types.ts';
import type { RpcError } from './rpc-error.ts';
import { Trailers } from './trailers.ts';

/** google.rpc.ErrorInfo.domain of every error of ours. */
export const errorDomain = 'kumiko.example';

/** Trailers are headers, and peers refuse more than some kilobytes of those: long texts and lists are cut. */
const maxTextLength = 512;
const maxViolations = 16;

/** What a field is at fault for where no rule of the proto says so. */
const anyFault = 'FIELD_INVALID';

/** What tells of a resource, and not of a request. */
const aboutResources: ReadonlySet<status> = new Set([status.NOT_FOUND, status.ALREADY_EXISTS, status.ABORTED]);

/**
 * The trailers of an RpcError: a google.rpc.Status with ErrorInfo, and beside it (AIP-193) BadRequest where fields are at fault, PreconditionFailure where the
 * state is, and ResourceInfo where a resource is missing, is there already or has changed.
 */
export function errorTrailers(error: RpcError, resourceTypes: ResourceTypes): Metadata {
  const info = create(ErrorInfoSchema, { reason: error.reason, domain: errorDomain, metadata: cutValues(error.metadata) });
  const details: Any[] = [anyPack(ErrorInfoSchema, info)];
  if (error.fieldViolations.length > 0) {
    const fieldViolations = error.fieldViolations
      .slice(0, maxViolations)
      .map(({ field, description, reason = anyFault }) => ({ field: cut(field), description: cut(description), reason }));
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
  }
  const resourceName = cut(error.metadata['resource'] ?? '');
  if (error.code === status.FAILED_PRECONDITION) {
    const violation = { type: error.reason, subject: resourceName, description: cut(error.message) };
    details.push(anyPack(PreconditionFailureSchema, create(PreconditionFailureSchema, { violations: [violation] })));
  } else if (aboutResources.has(error.code) && resourceName !== '') {
    const resourceType = resourceTypes(resourceName) ?? '';
    details.push(anyPack(ResourceInfoSchema, create(ResourceInfoSchema, { resourceType, resourceName, description: cut(error.message) })));
  }
  const bytes = toBinary(StatusSchema, create(StatusSchema, { code: error.code, message: cut(error.message), details }));
  const trailers = new Trailers();
  trailers.set(statusDetailsKey, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return trailers;
}

/** The message as it goes into a header: short, and without half surrogate pairs, which grpc-js cannot encode. */
export function cut(text: string): string {
  return text.slice(0, maxTextLength).toWellFormed();
}

function cutValues(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, cut(value)]));
}

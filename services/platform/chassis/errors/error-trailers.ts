import { create, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import type { Metadata } from '@grpc/grpc-js';
import { statusDetailsKey } from '../../contracts/client-error.ts';
import { BadRequestSchema, ErrorInfoSchema } from '../../contracts/gen/types/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../contracts/gen/types/google/rpc/status_pb.js';
import type { RpcError } from './rpc-error.ts';
import { Trailers } from './trailers.ts';

/** google.rpc.ErrorInfo.domain of every error of ours. */
const errorDomain = 'kumiko.example';

/** Trailers are headers, and peers refuse more than some kilobytes of those: long texts and lists are cut. */
const maxTextLength = 512;
const maxViolations = 16;

/** The trailers of an RpcError: a google.rpc.Status with ErrorInfo and, where fields are at fault, BadRequest. */
export function errorTrailers(error: RpcError): Metadata {
  const info = create(ErrorInfoSchema, { reason: error.reason, domain: errorDomain, metadata: cutValues(error.metadata) });
  const details: Any[] = [anyPack(ErrorInfoSchema, info)];
  if (error.fieldViolations.length > 0) {
    const fieldViolations = error.fieldViolations
      .slice(0, maxViolations)
      .map(({ field, description }) => ({ field: cut(field), description: cut(description) }));
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
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

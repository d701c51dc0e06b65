import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { RpcError } from '../errors/rpc-error.ts';

/**
 * The etag of a resource at a version (AIP-154): another one for each version and for each resource, so that one of another resource never fits by chance.
 * Strong, with its quotes, as HTTP writes it.
 */
export function etagOf(name: string, version: bigint): string {
  return `"${createHash('sha256').update(`${name} ${version}`).digest('base64url').slice(0, 22)}"`;
}

/**
 * Holds the etag that a caller has read against the resource as it is, in the transaction that changes it. An empty one fits always: the last write wins.
 *
 * @throws {RpcError} ABORTED
 */
export function requireEtag(given: string, name: string, version: bigint): void {
  if (given === '' || given === etagOf(name, version)) return;
  throw new RpcError({
    code: status.ABORTED,
    reason: 'ETAG_MISMATCH',
    message: `${name} is not what the etag is of: read it again`,
    metadata: { resource: name },
  });
}

import { isStorable } from '../../contracts/storable-text.ts';
import { invalidArgument } from '../errors/rpc-error.ts';

/** Where a list goes on: the values of the columns that it is ordered by. */
export type Position = Readonly<Record<string, string>>;

/** A page or resume token: opaque to callers (AIP-158), base64url of JSON to us. It grants nothing, so it is not signed. */
export function encodePageToken(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * Reads a token that `encodePageToken` made. `field` is the request's field, such as "page_token".
 *
 * @throws {RpcError} INVALID_ARGUMENT for anything else.
 */
export function decodePageToken(token: string, field: string): Position {
  const position = parse(token);
  if (position === undefined) {
    throw invalidArgument(`${field} is not a token of this service`, [{ field, description: 'must be a token that this method returned' }]);
  }
  return position;
}

function parse(token: string): Position | undefined {
  try {
    const bytes = Buffer.from(token, 'base64url');
    // Buffer skips over what is not base64url; a token of ours survives the round trip.
    if (bytes.toString('base64url') !== token) return undefined;
    const position: unknown = JSON.parse(bytes.toString());
    return isPosition(position) ? position : undefined;
  } catch {
    return undefined;
  }
}

function isPosition(value: unknown): value is Position {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    // Anyone can write a token: its parts go into a query as they are.
    Object.values(value).every((part) => typeof part === 'string' && isStorable(part))
  );
}

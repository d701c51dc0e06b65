import { invalidArgument } from '../errors/rpc-error.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';

/** Where a page of a list starts that is ordered by time and id, newest first: behind the row with these. */
export interface Position {
  readonly time: Date;
  readonly id: string;
}

/** The paging fields of a list request (AIP-158). */
export interface PageRequest {
  /** 0 means 50; more than 100 means 100. */
  readonly pageSize: number;
  readonly pageToken: string;
}

/** A page. */
interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

// Later than anything, and still a timestamp of Spanner.
const newest: Position = { time: new Date('9999-12-31T00:00:00Z'), id: '' };

/**
 * Reads one page of a list, newest first.
 *
 * @param read reads at most `limit` rows behind a position.
 * @throws {RpcError} INVALID_ARGUMENT for a page token that is not of this service.
 */
export async function listPage<T>(
  { pageSize, pageToken }: PageRequest,
  read: (after: Position, limit: number) => Promise<readonly T[]>,
  positionOf: (item: T) => Position,
): Promise<Page<T>> {
  const size = Math.min(pageSize || 50, 100);
  // One row more than asked for tells whether there is a next page.
  const rows = await read(pageToken === '' ? newest : decode(pageToken), size + 1);
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return { items, nextPageToken: rows.length > size && last !== undefined ? encode(positionOf(last)) : '' };
}

/** As `encode` writes it, of the years that Spanner knows: 1 to 9999. */
const writtenTime = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function encode({ time, id }: Position): string {
  return encodePageToken({ time: time.toISOString(), id });
}

function decode(token: string): Position {
  const { time, id } = decodePageToken(token, 'page_token');
  if (time === undefined || id === undefined || !writtenTime.test(time) || Number.isNaN(Date.parse(time))) {
    throw invalidArgument('page_token is not of this list', [
      { field: 'page_token', description: 'must be next_page_token of the page before' },
    ]);
  }
  return { time: new Date(time), id };
}

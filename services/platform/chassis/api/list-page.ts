import { createHash } from 'node:crypto';
import { clone, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { invalidArgument } from '../errors/rpc-error.ts';
import { type Filter, type FilterFields, filterFields, parseFilter } from './filter.ts';
import { type Order, parseOrderBy } from './order-by.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';

/** Where a page of a list starts: behind the row with these, in the list's order. */
export interface Position {
  readonly time: Date;
  readonly id: string;
}

/** What is read for a page. */
export interface ListQuery {
  readonly filter: Filter | undefined;
  readonly order: Order;
  readonly after: Position;
  readonly limit: number;
}

/** What a list can be asked for. */
export interface List<R extends DescMessage> {
  readonly request: R;
  readonly fields: FilterFields;
  /** The order without `order_by`; by its field, in either direction, a list may be ordered. */
  readonly order: Order;
}

/** A page. */
interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** The fields of a list request (AIP-132, AIP-158, AIP-160). */
interface Paging {
  /** 0 means 50; more than 100 means 100. */
  readonly pageSize: number;
  readonly pageToken: string;
  readonly filter?: string;
  readonly orderBy?: string;
}

const standardSize = 50;
const largestSize = 100;

// Later and earlier than anything, and still timestamps of Spanner.
const newest: Position = { time: new Date('9999-12-31T00:00:00Z'), id: '' };
const oldest: Position = { time: new Date('0001-01-01T00:00:00Z'), id: '' };

/**
 * Says what a list can be asked for.
 *
 * @param item the message of what is listed.
 * @param filter its fields that the request's `filter` may name; `prefixes` as of `filterFields`.
 * @example listOf(ListDealsRequestSchema, DealSchema, { filter: ['state', 'create_time'], order: { field: 'create_time', descending: true } })
 */
export function listOf<R extends DescMessage>(
  request: R,
  item: DescMessage,
  {
    filter = [],
    prefixes,
    order,
  }: { readonly filter?: readonly string[]; readonly prefixes?: Readonly<Record<string, string>>; readonly order: Order },
): List<R> {
  return { request, fields: filterFields(item, filter, prefixes), order };
}

/**
 * Reads one page of a list.
 *
 * @param read reads at most `limit` rows of what the query asks for, behind its position.
 * @throws {RpcError} INVALID_ARGUMENT for a filter or an order that the list does not have, and a page token that is not of this list and this request.
 */
export async function listPage<R extends DescMessage, T>(
  { request: schema, fields, order: standard }: List<R>,
  request: MessageShape<R> & Paging,
  read: (query: ListQuery) => Promise<readonly T[]>,
  positionOf: (item: T) => Position,
): Promise<Page<T>> {
  const { pageSize, pageToken, filter: filterText = '', orderBy = '' } = request;
  const filter = parseFilter(filterText, fields);
  const order = parseOrderBy(orderBy, standard);
  const asked = questionOf(schema, request);
  const size = Math.min(pageSize || standardSize, largestSize);
  const after = pageToken === '' ? (order.descending ? newest : oldest) : decode(pageToken, asked);
  // One row more than asked for tells whether there is a next page.
  const rows = await read({ filter, order, after, limit: size + 1 });
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return { items, nextPageToken: rows.length > size && last !== undefined ? encode(positionOf(last), asked) : '' };
}

/** What a request asks for beside its page: a token is good for this only. */
function questionOf<R extends DescMessage>(schema: R, request: MessageShape<R> & Paging): string {
  const question = Object.assign(clone(schema, request), { pageSize: 0, pageToken: '' });
  return createHash('sha256').update(toBinary(schema, question)).digest('base64url').slice(0, 12);
}

/** As `encode` writes it, of the years that Spanner knows: 1 to 9999. */
const writtenTime = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function encode({ time, id }: Position, asked: string): string {
  return encodePageToken({ time: time.toISOString(), id, asked });
}

function decode(token: string, expected: string): Position {
  const { time, id, asked } = decodePageToken(token, 'page_token');
  if (time === undefined || id === undefined || !writtenTime.test(time) || Number.isNaN(Date.parse(time))) {
    throw wrongToken('page_token is not of this list');
  }
  if (asked !== expected) throw wrongToken('page_token is of another request: filter, order_by and parent stay the same from page to page');
  return { time: new Date(time), id };
}

function wrongToken(message: string) {
  return invalidArgument(message, [{ field: 'page_token', description: 'must be next_page_token of the page before' }]);
}

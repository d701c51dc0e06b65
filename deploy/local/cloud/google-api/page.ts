import { invalidArgument } from './api-error.ts';

/** The paging fields of a List request (AIP-158). */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/**
 * One page of items in the order of their names.
 *
 * @throws ApiError INVALID_ARGUMENT for a negative page size.
 */
export function pageOf<T>(items: readonly T[], nameOf: (item: T) => string, request: PageRequest): { items: T[]; nextPageToken: string } {
  if (request.pageSize < 0) throw invalidArgument('page_size must not be negative');
  const after = Buffer.from(request.pageToken, 'base64url').toString();
  const sorted = items.filter((item) => nameOf(item) > after).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const page = sorted.slice(0, Math.min(request.pageSize || 100, 1000));
  const last = page.at(-1);
  const more = last !== undefined && page.length < sorted.length;
  return { items: page, nextPageToken: more ? Buffer.from(nameOf(last)).toString('base64url') : '' };
}

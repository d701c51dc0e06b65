import type { google, KeySet } from '../api/spanner-api.ts';
import { invalidArgument } from '../api/spanner-failure.ts';
import { type KeyColumn, quote } from './key-columns.ts';
import { toPostgres } from './value-codec.ts';

/** A condition and the values of its parameters. */
interface Condition {
  readonly sql: string;
  readonly values: readonly (string | null)[];
}

/**
 * The rows that a key set names. A range compares as many leading columns as its end has.
 *
 * @throws {SpannerFailure} INVALID_ARGUMENT for a key of another shape than the table's.
 */
export function keyCondition(keySet: KeySet | null | undefined, key: readonly KeyColumn[]): Condition {
  if (keySet?.all) return { sql: 'true', values: [] };
  const values: (string | null)[] = [];
  const compare = (operator: string, part: google.protobuf.IListValue | null | undefined): string[] => {
    const items = part?.values;
    if (items == null) return [];
    if (items.length > key.length) throw invalidArgument(`a key has ${items.length} parts, but its table has ${key.length} key columns`);
    if (items.length === 0) return ['true'];
    const leading = key.slice(0, items.length);
    const names = leading.map(({ name }) => quote(name)).join();
    const places = leading.map(({ typeOid }, index) => `$${values.push(toPostgres(items[index] ?? {}, typeOid))}`).join();
    return [`(${names}) ${operator} (${places})`];
  };
  const single = (keySet?.keys ?? []).map((part) => {
    if (part.values?.length !== key.length) throw invalidArgument(`a key needs ${key.length} parts, one for each key column of its table`);
    return compare('=', part).join();
  });
  const ranges = (keySet?.ranges ?? []).map((range) =>
    [
      ...compare('>=', range.startClosed),
      ...compare('>', range.startOpen),
      ...compare('<=', range.endClosed),
      ...compare('<', range.endOpen),
    ].join(' AND '),
  );
  const sql = [...single, ...ranges].map((condition) => `(${condition})`).join(' OR ');
  return { sql: sql === '' ? 'false' : sql, values };
}

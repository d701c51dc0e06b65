import { describe, expect, test } from 'vitest';
import { BookSchema } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { filterFields, matches, parseFilter } from './filter.ts';
import { parseOrderBy } from './order-by.ts';

const fields = filterFields(BookSchema, ['state', 'sku', 'create_time']);

/** A filter in short: how it was understood. */
function understood(text: string): string {
  const shown = (filter: ReturnType<typeof parseFilter>): string => {
    if (filter === undefined) return 'all';
    switch (filter.kind) {
      case 'comparison':
        return `${filter.field}${filter.comparator}${filter.value instanceof Date ? filter.value.toISOString() : filter.value}`;
      case 'not':
        return `not(${shown(filter.part)})`;
      default:
        return `${filter.kind}(${filter.parts.map(shown).join(' ')})`;
    }
  };
  return shown(parseFilter(text, fields));
}

test.each([
  ['', 'all'],
  ['  ', 'all'],
  ['state = STATE_DRAFT', 'state=DRAFT'],
  ['state="STATE_DRAFT"', 'state=DRAFT'],
  ["state != 'STATE_CLOSED'", 'state!=CLOSED'],
  ['sku = lamp-1', 'sku=lamp-1'],
  ['sku = "a \\"b\\" \\\\ c"', 'sku=a "b" \\ c'],
  ['sku = "AND"', 'sku=AND'],
  ['sku = "組子"', 'sku=組子'],
  ['create_time >= 2026-01-02T03:04:05Z', 'create_time>=2026-01-02T03:04:05.000Z'],
  ['create_time < "2026-01-02T03:04:05.5+09:00"', 'create_time<2026-01-01T18:04:05.500Z'],
  // AIP-160: OR binds more closely than AND.
  ['state = STATE_DRAFT AND sku = a OR sku = b', 'and(state=DRAFT or(sku=a sku=b))'],
  ['(state = STATE_DRAFT AND sku = a) OR sku = b', 'or(and(state=DRAFT sku=a) sku=b)'],
  ['NOT state = STATE_DRAFT AND -sku = a', 'and(not(state=DRAFT) not(sku=a))'],
  ['NOT (sku = a OR sku = b)', 'not(or(sku=a sku=b))'],
  ['((sku=a))', 'sku=a'],
])('%s is understood as %s', (text, expected) => expect(understood(text)).toBe(expected));

test.each([
  ['titel = x', 1, 'there is no field “titel” to filter by: fields are state, sku, create_time'],
  ['state = STATE_DRAFT AND titel = x', 25, 'there is no field “titel”'],
  ['state = STATE_OPEN', 9, 'state is compared with one of STATE_DRAFT, STATE_PUBLISHED, STATE_CLOSED'],
  ['state = STATE_UNSPECIFIED', 9, 'state is compared with one of'],
  ['state > STATE_DRAFT', 7, 'state is compared by one of = !='],
  ['state : STATE_DRAFT', 7, 'state is compared by one of = !='],
  ['create_time > yesterday', 15, 'create_time is compared with a time such as'],
  ['create_time > "2026-13-01T00:00:00Z"', 15, 'create_time is compared with a time such as'],
  ['sku = "lamp*"', 7, 'there are no wildcards'],
  ['sku = "\ud800"', 7, 'sku is compared with a text'],
  ['sku = "', 7, 'the quotes are not closed'],
  ['sku', 4, 'sku is compared by one of = !='],
  ['sku =', 6, 'sku is compared with a text'],
  ['= a', 1, '“=” is no field: fields are'],
  ['"lamp"', 1, '“lamp” is no field: fields are'],
  ['sku = a sku = b', 9, '“sku” does not belong here: put AND or OR between comparisons'],
  ['sku = a AND', 12, 'a comparison is missing: fields are'],
  ['(sku = a', 9, 'the parenthesis of character 1 is not closed'],
  ['sku = a)', 8, '“)” does not belong here'],
  ['sku = a and sku = b', 9, '“and” does not belong here: put AND or OR between comparisons'],
  [Array.from({ length: 21 }, () => 'sku = a').join(' OR '), 221, 'a filter has at most 20 comparisons'],
])('%s is refused at character %i: %s', (text, at, why) => {
  let error: unknown;
  try {
    parseFilter(text, fields);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 3, fieldViolations: [{ field: 'filter' }] });
  expect((error as Error).message).toContain(`filter, character ${at}: ${why}`);
});

test('a resource is named in full, and known by its id', () => {
  const books = filterFields(BookSchema, ['author'], { author: 'authors/' });
  expect(parseFilter('author = "authors/acme"', books)).toMatchObject({ value: 'acme' });
  for (const value of ['acme', 'authors/', 'books/acme']) {
    expect(() => parseFilter(`author = "${value}"`, books)).toThrow('author is compared with a name such as "authors/…"');
  }
});

test('a field that the message does not have is a mistake of ours', () => {
  expect(() => filterFields(BookSchema, ['titel'])).toThrow('has no field titel');
  expect(() => filterFields(BookSchema, ['available'])).toThrow('filters do not know');
});

test('what is in memory is held against a filter as SQL would', () => {
  const book = { state: 'DRAFT', sku: 'a', create_time: new Date('2026-01-02T00:00:00Z') };
  const isAskedFor = (text: string) => matches(parseFilter(text, fields)!, (field) => book[field as keyof typeof book]);
  const results = [
    'state = STATE_DRAFT AND sku != b',
    'create_time >= 2026-01-02T00:00:00Z AND create_time <= 2026-01-02T00:00:00Z',
    'create_time < 2026-01-02T00:00:00Z OR create_time > 2026-01-02T00:00:00Z OR state = STATE_CLOSED',
    'NOT (state = STATE_DRAFT AND sku = a)',
    'create_time = 2026-01-02T09:00:00+09:00',
  ].map(isAskedFor);
  expect(results).toEqual([true, true, false, false, true]);
});

describe('order_by', () => {
  const standard = { field: 'create_time', descending: true };

  test.each([
    ['', true],
    ['create_time', false],
    ['create_time desc', true],
    [' create_time   desc ', true],
  ])('"%s" is descending: %s', (text, descending) => expect(parseOrderBy(text, standard)).toEqual({ field: 'create_time', descending }));

  test.each([
    ['title', 1, '“title” is no order of this list: accepted are "create_time" and "create_time desc"'],
    ['create_time asc', 13, '“asc” does not belong here'],
    ['create_time, title', 1, '“create_time,” is no order of this list'],
    ['create_time desc title', 13, '“desctitle” does not belong here'],
  ])('%s is refused at character %i', (text, at, why) => {
    expect(() => parseOrderBy(text, standard)).toThrow(`order_by, character ${at}: ${why}`);
  });
});

import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { SpannerFailure } from '../api/spanner-failure.ts';
import { elementOid, oid } from '../ddl/column-types.ts';
import type { TableShape } from '../ddl/table-shape.ts';
import type { Postgres, PostgresError } from '../engine/postgres.ts';
import { quote } from './key-columns.ts';

/** https://cloud.google.com/spanner/quotas#tables */
const MAX_KEY_BYTES = 8 * 1024;
const MAX_CELL_BYTES = 10 * 1024 * 1024;
const MAX_TEXT_CHARACTERS = 2_621_440;

const PREFIX = 'local_spanner_limit_';

/** Takes a table's constraints of `addRowLimits` away: they would be in the way of changing a column's type. Inside of a transaction. */
export function dropRowLimits(postgres: Postgres, table: string, { checks }: TableShape): void {
  const own = checks.filter((name) => name.startsWith(PREFIX));
  if (own.length > 0) postgres.execute(`ALTER TABLE ${table} ${own.map((name) => `DROP CONSTRAINT ${name}`).join()}`);
}

/**
 * Gives a table constraints that hold its rows to Spanner's sizes of keys and values, and takes away those of an earlier schema. Inside of a transaction.
 * Rows that are there already are left alone.
 */
export function addRowLimits(postgres: Postgres, table: string, shape: TableShape): void {
  const wanted = new Map([...limit('key', keyConditions(shape)), ...limit('cell', [...shape.columns].flatMap(cellCondition))]);
  const present = new Set(shape.checks.filter((name) => name.startsWith(PREFIX)));
  const changes = [
    ...[...present].filter((name) => !wanted.has(name)).map((name) => `DROP CONSTRAINT ${name}`),
    ...[...wanted]
      .filter(([name]) => !present.has(name))
      .map(([name, condition]) => `ADD CONSTRAINT ${name} CHECK (${condition}) NOT VALID`),
  ];
  if (changes.length > 0) postgres.execute(`ALTER TABLE ${table} ${changes.join(', ')}`);
}

/** What Spanner answers where one of these constraints refused; undefined for every other refusal. */
export function rowLimitFailure({ constraint, table }: PostgresError): SpannerFailure | undefined {
  if (!constraint?.startsWith(PREFIX)) return undefined;
  if (constraint.startsWith(`${PREFIX}key_`)) {
    const message = `a key of the table ${table} or of one of its indexes has more than ${MAX_KEY_BYTES} bytes`;
    return new SpannerFailure(status.INVALID_ARGUMENT, message);
  }
  const most = `${MAX_TEXT_CHARACTERS} characters of text or ${MAX_CELL_BYTES} bytes`;
  return new SpannerFailure(status.FAILED_PRECONDITION, `a value of the table ${table} has more than ${most}`);
}

/** A constraint whose name tells whether it is still the right one. */
function limit(kind: 'key' | 'cell', conditions: readonly string[]): [name: string, condition: string][] {
  if (conditions.length === 0) return [];
  const condition = conditions.join(' AND ');
  return [[`${PREFIX}${kind}_${createHash('sha256').update(condition).digest('hex').slice(0, 16)}`, condition]];
}

/** Only a text or bytes bring a key near the limit; anything else counts as 8 bytes. */
function keyConditions({ columns, keys }: TableShape): string[] {
  const isLong = (name: string) => isText(columns.get(name)) || columns.get(name) === oid.bytea;
  return [...keys.values()]
    .filter((parts) => parts.some(isLong))
    .map((parts) => {
      const sizes = parts.map((name) => (isLong(name) ? `coalesce(octet_length(${quote(name)}), 0)` : '8'));
      return `${sizes.join(' + ')} <= ${MAX_KEY_BYTES}`;
    });
}

function cellCondition([name, typeOid]: readonly [string, number]): string[] {
  const column = quote(name);
  // What has few bytes has few characters: only a large text is counted.
  if (isText(typeOid)) return [`(octet_length(${column}) <= ${MAX_TEXT_CHARACTERS} OR char_length(${column}) <= ${MAX_TEXT_CHARACTERS})`];
  if (typeOid === oid.bytea) return [`octet_length(${column}) <= ${MAX_CELL_BYTES}`];
  // PostgreSQL may have compressed it: never too strict.
  return typeOid === oid.jsonb || elementOid(typeOid) !== undefined ? [`pg_column_size(${column}) <= ${MAX_CELL_BYTES}`] : [];
}

function isText(typeOid: number | undefined): boolean {
  return typeOid === oid.text || typeOid === oid.varchar;
}

import type { Value } from '../api/spanner-api.ts';
import { invalidArgument } from '../api/spanner-failure.ts';
import { elementOid, oid } from '../ddl/column-types.ts';
import { readArrayLiteral, writeArrayLiteral } from './array-literal.ts';

/**
 * A parameter or a mutation's value in PostgreSQL's text form.
 *
 * @throws {SpannerFailure} INVALID_ARGUMENT for a value that no column type has.
 */
export function toPostgres(value: Value, typeOid: number): string | null {
  if (value.stringValue != null) return typeOid === oid.bytea ? hexOf(value.stringValue) : value.stringValue;
  if (value.boolValue != null) return value.boolValue ? 't' : 'f';
  if (value.numberValue != null) return String(value.numberValue);
  if (value.listValue != null) {
    const element = elementOid(typeOid) ?? oid.text;
    return writeArrayLiteral((value.listValue.values ?? []).map((item) => toPostgres(item, element)));
  }
  if (value.structValue != null) throw invalidArgument('a STRUCT cannot be a parameter in the PostgreSQL dialect');
  return null;
}

/** A value of a row, from PostgreSQL's text form to the JSON form of google.spanner.v1.TypeCode. */
export function fromPostgres(text: string | null, typeOid: number): Value {
  if (text === null) return { nullValue: 'NULL_VALUE' };
  switch (typeOid) {
    case oid.bool:
      return { boolValue: text === 't' };
    case oid.float4:
    case oid.float8: {
      const number = Number(text);
      return Number.isFinite(number) ? { numberValue: number } : { stringValue: text };
    }
    case oid.bytea:
      return { stringValue: Buffer.from(text.slice(2), 'hex').toString('base64') };
    case oid.timestamp:
    case oid.timestamptz:
      return { stringValue: rfc3339(text) };
  }
  const element = elementOid(typeOid);
  if (element === undefined) return { stringValue: text };
  return { listValue: { values: readArrayLiteral(text).map((item) => fromPostgres(item, element)) } };
}

function hexOf(base64: string): string {
  return `\\x${Buffer.from(base64, 'base64').toString('hex')}`;
}

/** "2026-01-02 03:04:05.678901+00", as the server's time zone is UTC, to "2026-01-02T03:04:05.678901Z". */
function rfc3339(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, '')}Z`;
}

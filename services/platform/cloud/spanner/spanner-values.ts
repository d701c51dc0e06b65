import type { Row, Value } from './database.ts';

/** A google.protobuf.Value as the Spanner client passes it on. */
type EncodedValue =
  | { readonly nullValue: 'NULL_VALUE' }
  | { readonly boolValue: boolean }
  | { readonly stringValue: string }
  | { readonly listValue: { readonly values: readonly EncodedValue[] } };

/** Parameters p1, p2, … in the encoded form, which the client takes as it is when it finds `fields`. */
interface EncodedParams {
  readonly fields: Readonly<Record<string, EncodedValue>>;
}

/** A column's type as a result's metadata tells it. */
interface ColumnType {
  readonly code?: unknown;
  readonly arrayElementType?: ColumnType | null;
}

/** The names of parameters: they are needed with each statement. */
const names: string[] = [];

/**
 * Encodes values without types, so that Spanner infers each parameter's type from the statement as PostgreSQL does. The client's own encoding
 * would declare every null and every timestamp as text, which Spanner refuses.
 */
export function encodeParams(values: readonly Value[]): EncodedParams {
  const fields: Record<string, EncodedValue> = {};
  values.forEach((value, index) => {
    names[index] ??= `p${index + 1}`;
    fields[names[index]] = encodeValue(value);
  });
  return { fields };
}

function encodeValue(value: Value): EncodedValue {
  if (value === null) return { nullValue: 'NULL_VALUE' };
  switch (typeof value) {
    case 'string':
      return { stringValue: wellFormed(value) };
    case 'boolean':
      return { boolValue: value };
    case 'bigint':
      return { stringValue: value.toString() };
    case 'number':
      if (!Number.isSafeInteger(value)) throw new TypeError(`SQL parameter ${value} is not a whole number: pass numeric as text`);
      return { stringValue: value.toString() };
  }
  if (value instanceof Date) return { stringValue: value.toISOString() };
  if (value instanceof Uint8Array) return { stringValue: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  if (isStringArray(value)) return { listValue: { values: value.map((element) => ({ stringValue: wellFormed(element) })) } };
  return { stringValue: JSON.stringify(value) };
}

/** gRPC would write U+FFFD for half a surrogate pair, and another row would be found, or changed. */
function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('SQL parameter is a text with half a surrogate pair');
  return text;
}

function isStringArray(value: object): value is readonly string[] {
  return Array.isArray(value);
}

/** Turns a row of the client, a list of named wrapped values, into plain values by column name. */
export function decodeRow(
  cells: readonly { readonly name: string; readonly value: unknown }[],
  types: readonly (ColumnType | undefined)[],
): Row {
  const row: Record<string, unknown> = {};
  cells.forEach(({ name, value }, index) => {
    row[name] = decodeValue(value, types[index]);
  });
  return row;
}

/** The client wraps what JavaScript has no exact type for: int8, float8, numeric and jsonb in `{ value }`, date and timestamptz in kinds of Date. */
function decodeValue(value: unknown, type: ColumnType | undefined): unknown {
  if (value === null || value === undefined) return null;
  switch (type?.code) {
    case 'INT64':
      return BigInt(String(unwrap(value)));
    case 'FLOAT64':
    case 'FLOAT32':
      return Number(unwrap(value));
    case 'NUMERIC':
    case 'JSON':
      return unwrap(value);
    case 'TIMESTAMP':
      return value instanceof Date ? new Date(value.getTime()) : value;
    case 'DATE':
      return value instanceof Date ? value.toJSON() : value;
    case 'ARRAY':
      return Array.isArray(value) ? value.map((element) => decodeValue(element, type.arrayElementType ?? undefined)) : value;
    default:
      return value;
  }
}

function unwrap(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
}

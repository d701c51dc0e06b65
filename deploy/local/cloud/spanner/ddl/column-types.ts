import type { Type } from '../api/spanner-api.ts';

/** PostgreSQL's type numbers, from its catalogue pg_type: fixed for the built-in types. */
export const oid = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  float4: 700,
  float8: 701,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  jsonb: 3802,
} as const;

type TypeCode = NonNullable<Type['code']>;

const TYPE_OF_OID: ReadonlyMap<number, Type> = new Map<number, Type>([
  [oid.bool, { code: 'BOOL' }],
  [oid.bytea, { code: 'BYTES' }],
  [oid.int8, { code: 'INT64' }],
  [oid.int4, { code: 'INT64' }],
  [oid.int2, { code: 'INT64' }],
  [oid.oid, { code: 'INT64', typeAnnotation: 'PG_OID' }],
  [oid.float4, { code: 'FLOAT32' }],
  [oid.float8, { code: 'FLOAT64' }],
  [oid.date, { code: 'DATE' }],
  [oid.timestamp, { code: 'TIMESTAMP' }],
  [oid.timestamptz, { code: 'TIMESTAMP' }],
  [oid.numeric, { code: 'NUMERIC', typeAnnotation: 'PG_NUMERIC' }],
  [oid.jsonb, { code: 'JSON', typeAnnotation: 'PG_JSONB' }],
]);

/** Array types of PostgreSQL, by the type of their elements. */
const ARRAY_OF_ELEMENT: ReadonlyMap<number, number> = new Map([
  [oid.bool, 1000],
  [oid.bytea, 1001],
  [oid.int2, 1005],
  [oid.int4, 1007],
  [oid.text, 1009],
  [oid.varchar, 1015],
  [oid.int8, 1016],
  [oid.float4, 1021],
  [oid.float8, 1022],
  [oid.timestamp, 1115],
  [oid.date, 1182],
  [oid.timestamptz, 1185],
  [oid.numeric, 1231],
  [oid.jsonb, 3807],
]);

const ELEMENT_OF_ARRAY: ReadonlyMap<number, number> = new Map([...ARRAY_OF_ELEMENT].map(([element, array]) => [array, element]));

const OID_OF_CODE: Partial<Record<TypeCode, number>> = {
  BOOL: oid.bool,
  INT64: oid.int8,
  FLOAT64: oid.float8,
  FLOAT32: oid.float4,
  TIMESTAMP: oid.timestamptz,
  DATE: oid.date,
  STRING: oid.text,
  BYTES: oid.bytea,
  NUMERIC: oid.numeric,
  JSON: oid.jsonb,
};

/** The element type of an array type, undefined for what is no array. */
export function elementOid(typeOid: number): number | undefined {
  return ELEMENT_OF_ARRAY.get(typeOid);
}

/** How Spanner names a PostgreSQL type. What Spanner does not know is text. */
export function spannerType(typeOid: number): Type {
  const element = elementOid(typeOid);
  if (element !== undefined) return { code: 'ARRAY', arrayElementType: spannerType(element) };
  return TYPE_OF_OID.get(typeOid) ?? { code: 'STRING' };
}

/** The PostgreSQL type of a declared parameter, 0 where PostgreSQL shall infer it. */
export function parameterOid(type: Type | null | undefined): number {
  if (type?.code === 'ARRAY') return ARRAY_OF_ELEMENT.get(parameterOid(type.arrayElementType)) ?? 0;
  return (type?.code && OID_OF_CODE[type.code]) || 0;
}

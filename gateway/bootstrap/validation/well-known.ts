import { isMap } from './message.ts';

/** A value as read, or why it is none. Durations are read as nanoseconds. */
type WellKnown = { readonly value: unknown } | { readonly fault: string };

/** Scalars and the well-known types that have a JSON form of their own (https://protobuf.dev/programming-guides/json/). */
export function readWellKnown(type: string, value: unknown): WellKnown {
  const read = readers[type];
  if (read === undefined) throw new Error(`no JSON form for ${type}`);
  const result = read(value);
  return result === undefined ? { fault: `must be ${forms[type] ?? `of type ${type}`}` } : { value: result };
}

/** Whether a type is read here rather than as a message with fields. */
export function isWellKnown(type: string): boolean {
  return Object.hasOwn(readers, type);
}

type Reader = (value: unknown) => unknown;

const asString: Reader = (value) => (typeof value === 'string' ? value : undefined);
const asBool: Reader = (value) => (typeof value === 'boolean' ? value : undefined);
const asMap: Reader = (value) => (isMap(value) ? value : undefined);

function integer(min: bigint, max: bigint): Reader {
  return (value) => {
    const text = typeof value === 'number' ? (Number.isSafeInteger(value) ? String(value) : '') : value;
    if (typeof text !== 'string' || !/^-?\d+$/.test(text)) return undefined;
    const number = BigInt(text);
    return number < min || number > max ? undefined : Number(number);
  };
}

const asFloat: Reader = (value) => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : undefined;
};

const asBytes: Reader = (value) =>
  typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) ? Buffer.from(value, 'base64') : undefined;

const asDuration: Reader = (value) => {
  const [, seconds, fraction = ''] = typeof value === 'string' ? (/^(-?\d{1,12})(?:\.(\d{1,9}))?s$/.exec(value) ?? []) : [];
  if (seconds === undefined) return undefined;
  const nanos = BigInt(seconds) * 1_000_000_000n;
  return seconds.startsWith('-') ? nanos - BigInt(fraction.padEnd(9, '0')) : nanos + BigInt(fraction.padEnd(9, '0'));
};

const int32 = integer(-(2n ** 31n), 2n ** 31n - 1n);
const uint32 = integer(0n, 2n ** 32n - 1n);
const int64 = integer(-(2n ** 63n), 2n ** 63n - 1n);
const uint64 = integer(0n, 2n ** 64n - 1n);

const scalars: Record<string, Reader> = {
  string: asString,
  bool: asBool,
  bytes: asBytes,
  float: asFloat,
  double: asFloat,
  ...{ int32, sint32: int32, sfixed32: int32, uint32, fixed32: uint32 },
  ...{ int64, sint64: int64, sfixed64: int64, uint64, fixed64: uint64 },
};

const wrappers: Record<string, Reader> = {
  StringValue: asString,
  BoolValue: asBool,
  BytesValue: asBytes,
  FloatValue: asFloat,
  DoubleValue: asFloat,
  Int32Value: int32,
  UInt32Value: uint32,
  Int64Value: int64,
  UInt64Value: uint64,
  Duration: asDuration,
  Timestamp: (value) => (typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : undefined),
  Struct: asMap,
  Value: (value) => value,
  ListValue: (value) => (Array.isArray(value) ? value : undefined),
  Empty: (value) => (isMap(value) && Object.keys(value).length === 0 ? value : undefined),
};

const readers: Record<string, Reader> = {
  ...scalars,
  ...Object.fromEntries(Object.entries(wrappers).map(([name, reader]) => [`google.protobuf.${name}`, reader])),
};

const forms: Record<string, string> = {
  string: 'text',
  'google.protobuf.StringValue': 'text',
  bool: 'true or false',
  'google.protobuf.BoolValue': 'true or false',
  bytes: 'base64',
  'google.protobuf.Duration': 'a duration in seconds such as "0.25s"',
  'google.protobuf.Struct': 'an object',
  'google.protobuf.Empty': 'an empty object',
};

import protobuf from 'protobufjs';
import { envoyTypes } from '../bootstrap/validation/envoy-types.ts';
import { isMap, ReadMessage } from '../bootstrap/validation/message.ts';

/** The bytes of a message of Envoy's API that was read without a fault. */
export function encodeMessage(message: ReadMessage): Buffer {
  const type = envoyTypes().lookupType(message.type);
  return Buffer.from(type.encode(type.fromObject(plain(message))).finish());
}

/** What protobufjs makes a message from: it knows neither JSON's forms of the well-known types nor Any. */
function plain({ type, fields }: ReadMessage): Record<string, unknown> {
  const { fields: known } = envoyTypes().lookupType(type);
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plainField(known[name]!, value)]));
}

function plainField(field: protobuf.Field, value: unknown): unknown {
  if (field instanceof protobuf.MapField) {
    return Object.fromEntries(Object.entries(isMap(value) ? value : {}).map(([key, item]) => [key, plainSingle(field, item)]));
  }
  return field.repeated ? (Array.isArray(value) ? value : []).map((item) => plainSingle(field, item)) : plainSingle(field, value);
}

function plainSingle(field: protobuf.Field, value: unknown): unknown {
  const type = field.resolvedType;
  if (!(type instanceof protobuf.Type)) return value;
  const name = type.fullName.slice(1);
  if (!(value instanceof ReadMessage)) return wellKnown(name, value);
  return name === 'google.protobuf.Any' ? packed(value) : plain(value);
}

function packed(message: ReadMessage): { type_url: string; value: Buffer } {
  return { type_url: `type.googleapis.com/${message.type}`, value: encodeMessage(message) };
}

/** Durations and wrappers are all that clusters use. */
function wellKnown(name: string, value: unknown): unknown {
  if (name === 'google.protobuf.Duration' && typeof value === 'bigint') {
    return { seconds: Number(value / 1_000_000_000n), nanos: Number(value % 1_000_000_000n) };
  }
  if (name.endsWith('Value')) return { value };
  throw new TypeError(`${name} is not written here`);
}

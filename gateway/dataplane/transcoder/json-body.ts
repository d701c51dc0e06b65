import { isUtf8 } from 'node:buffer';
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonValue,
  type Message,
  mergeFromJson,
  type Registry,
} from '@bufbuild/protobuf';
import { LocalReplyError } from '../http-filter.ts';

/** How enum names are compared. */
export interface JsonOptions {
  readonly registry: Registry;
  readonly caseInsensitiveEnums: boolean;
}

const details = 'grpc_json_transcode_failure{INVALID_ARGUMENT}';

/** Parses a request body; an empty one is {}. @throws LocalReplyError 400. */
export function parseJson(body: Buffer): JsonValue {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw new LocalReplyError(400, 'Encountered non UTF-8 code points.', details);
  try {
    return JSON.parse(body.toString()) as JsonValue;
  } catch (error) {
    throw new LocalReplyError(400, error instanceof Error ? error.message : 'the body is no JSON', details);
  }
}

/**
 * Merges JSON into a message as Envoy's transcoder does: unknown fields are ignored, both spellings of one field are taken and the last wins,
 * enum values may be numbers as text; an unknown enum value is refused.
 *
 * @throws LocalReplyError 400.
 */
export function mergeJson(type: DescMessage, message: Message, json: JsonValue, options: JsonOptions): void {
  const { registry } = options;
  try {
    // Most bodies need no help, and the strict parser refuses before it would merge twice what it took.
    if (isPlain(type, json, options)) {
      mergeFromJson(type, message, json, { registry });
      return;
    }
    mergeFromJson(type, message, normalize(type, json, options), { registry });
  } catch (error) {
    throw new LocalReplyError(400, error instanceof Error ? error.message : 'the body does not fit', details);
  }
}

/** Whether protobuf-es takes the value as it stands: no unknown field, no field twice, no enum as text that it would not know. */
function isPlain(type: DescMessage, json: JsonValue, options: JsonOptions): boolean {
  if (isWellKnown(type) || typeof json !== 'object' || json === null || Array.isArray(json)) return true;
  const fields = fieldsOf(type);
  let seen: Set<DescField> | undefined;
  for (const key in json) {
    const field = fields.get(key);
    if (field === undefined) return false;
    if (field.name !== field.jsonName) {
      seen ??= new Set();
      if (seen.has(field)) return false;
      seen.add(field);
    }
    if (field.message === undefined && field.enum === undefined) continue;
    if (
      !eachValue(field, json[key]!, (value) =>
        field.enum !== undefined ? isPlainEnum(field.enum, value) : isPlain(field.message!, value, options),
      )
    )
      return false;
  }
  return true;
}

function eachValue(field: DescField, value: JsonValue, check: (value: JsonValue) => boolean): boolean {
  if (field.fieldKind === 'list') return !Array.isArray(value) || value.every(check);
  if (field.fieldKind === 'map')
    return typeof value !== 'object' || value === null || Array.isArray(value) || Object.values(value).every(check);
  return check(value);
}

function isPlainEnum(type: DescEnum, value: JsonValue): boolean {
  return typeof value !== 'string' || type.values.some(({ name }) => name === value);
}

function normalize(type: DescMessage, json: JsonValue, options: JsonOptions): JsonValue {
  if (isWellKnown(type) || typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const fields = fieldsOf(type);
  const out: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(json)) {
    const field = fields.get(key);
    if (field !== undefined) out[field.jsonName] = normalizeField(field, value, options);
  }
  return out;
}

function normalizeField(field: DescField, value: JsonValue, options: JsonOptions): JsonValue {
  const { message, enum: enumType } = field;
  if (message === undefined && enumType === undefined) return value;
  const one = (item: JsonValue) => (enumType !== undefined ? normalizeEnum(enumType, item, options) : normalize(message!, item, options));
  if (field.fieldKind === 'list') return Array.isArray(value) ? value.map(one) : value;
  if (field.fieldKind === 'map') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, one(item)]));
  }
  return one(value);
}

function normalizeEnum(type: DescEnum, value: JsonValue, options: JsonOptions): JsonValue {
  if (typeof value !== 'string') return value;
  if (/^-?\d{1,10}$/.test(value)) return Number(value);
  if (!options.caseInsensitiveEnums) return value;
  return type.values.find(({ name }) => name.toLowerCase() === value.toLowerCase())?.name ?? value;
}

// Their JSON has a form of its own.
function isWellKnown(type: DescMessage): boolean {
  return type.typeName.startsWith('google.protobuf.') && type.typeName !== 'google.protobuf.Empty';
}

const byKey = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

function fieldsOf(type: DescMessage): ReadonlyMap<string, DescField> {
  let fields = byKey.get(type);
  if (fields === undefined) {
    fields = new Map(type.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]));
    byKey.set(type, fields);
  }
  return fields;
}

import {
  create,
  type DescField,
  type DescMessage,
  type JsonValue,
  type Message,
  mergeFromJson,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { LocalReplyError } from '../http-filter.ts';

/** A field reached from a message by names. */
export type FieldPath = readonly DescField[];

/** Resolves names, proto or JSON spelling; the text of Envoy's error where one does not exist. */
export function resolveFieldPath(type: DescMessage, names: readonly string[]): FieldPath | string {
  const fields: DescField[] = [];
  let current: DescMessage | undefined = type;
  for (const name of names) {
    const field: DescField | undefined = current?.fields.find((one) => one.name === name || one.jsonName === name);
    if (field === undefined) return `Could not find field "${name}" in the type "${current?.typeName ?? type.typeName}".`;
    fields.push(field);
    current = field.fieldKind === 'message' ? field.message : undefined;
  }
  return fields;
}

type Fields = Record<string, unknown>;

/** What to do where a body has set the field as well. */
export type CollisionRule = 'refuse-collision' | 'body-wins';

const details = 'grpc_json_transcode_failure{INVALID_ARGUMENT}';

/** Sets a field of a message from a URL's text. @throws LocalReplyError for a text that its type does not have. */
export function bindText(message: Message, path: FieldPath, text: string, registry: Registry, collision: CollisionRule): void {
  let target = message as unknown as Fields;
  for (const field of path.slice(0, -1)) target = child(target, field);
  const field = path.at(-1)!;
  if (field.message !== undefined) {
    bindMessage(target, field, text, registry, collision);
    return;
  }
  if (field.fieldKind === 'list') {
    (target[field.localName] as unknown[]).push(parseText(field, text));
    return;
  }
  const value = parseText(field, text);
  const present = valueIn(target, field);
  if (present !== undefined) {
    if (collision === 'body-wins') return;
    if (!same(present, value)) {
      throw new LocalReplyError(
        400,
        `The binding value "${text}" of the field "${path.map(({ name }) => name).join('.')}" is conflicting with the value "${String(present)}" in the body.`,
        details,
      );
    }
  }
  if (field.oneof !== undefined) target[field.oneof.localName] = { case: field.localName, value };
  else target[field.localName] = value;
}

// A well-known type has its JSON form in the URL; others cannot stand there.
function bindMessage(target: Fields, field: DescField, text: string, registry: Registry, collision: CollisionRule): void {
  if (field.fieldKind !== 'list' && valueIn(target, field) !== undefined) {
    if (collision === 'body-wins') return;
    throw new LocalReplyError(400, `The binding of the field "${field.name}" is conflicting with the body.`, details);
  }
  // Text for most; numbers and booleans stand plain in a URL and in JSON.
  for (const read of [(): JsonValue => text, () => JSON.parse(text) as JsonValue]) {
    try {
      const json = read();
      mergeFromJson(
        field.parent,
        target as unknown as Message,
        { [field.jsonName]: field.fieldKind === 'list' ? [json] : json },
        { registry },
      );
      return;
    } catch {
      // Then the other form.
    }
  }
  throw invalid(field, text);
}

/** The message field at a path's end, made where it is missing. */
export function child(target: Fields, field: DescField): Fields {
  if (field.oneof !== undefined) {
    const oneof = target[field.oneof.localName] as { case?: string; value?: unknown };
    if (oneof.case === field.localName) return oneof.value as Fields;
    const made = create(field.message!) as unknown as Fields;
    target[field.oneof.localName] = { case: field.localName, value: made };
    return made;
  }
  target[field.localName] ??= create(field.message!);
  return target[field.localName] as Fields;
}

/** The value that a body has given; undefined where there is none or it is the default. */
function valueIn(target: Fields, field: DescField): unknown {
  if (field.oneof !== undefined) {
    const oneof = target[field.oneof.localName] as { case?: string; value?: unknown };
    return oneof.case === field.localName ? oneof.value : undefined;
  }
  const value = target[field.localName];
  return value === '' || value === 0 || value === 0n || value === false || (value instanceof Uint8Array && value.length === 0)
    ? undefined
    : value;
}

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}

function parseText(field: DescField, text: string): unknown {
  if (field.fieldKind === 'map') throw invalid(field, text);
  if (field.enum !== undefined) {
    const value = field.enum.values.find((one) => one.name === text)?.number ?? (/^-?\d{1,10}$/.test(text) ? Number(text) : undefined);
    if (value === undefined) throw invalid(field, text);
    return value;
  }
  return parseScalar(field, field.scalar!, text);
}

function parseScalar(field: DescField, type: ScalarType, text: string): unknown {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      if (text !== 'true' && text !== 'false') throw invalid(field, text);
      return text === 'true';
    case ScalarType.BYTES:
      try {
        return base64Decode(text);
      } catch {
        throw invalid(field, text);
      }
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT: {
      const value = text === '' ? Number.NaN : Number(text);
      if (Number.isNaN(value) && text !== 'NaN') throw invalid(field, text);
      return value;
    }
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64: {
      const unsigned = type === ScalarType.UINT64 || type === ScalarType.FIXED64;
      const value = integer(field, text);
      if ((unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)) !== value) throw invalid(field, text);
      return value;
    }
    default: {
      const unsigned = type === ScalarType.UINT32 || type === ScalarType.FIXED32;
      const value = integer(field, text);
      if ((unsigned ? BigInt.asUintN(32, value) : BigInt.asIntN(32, value)) !== value) throw invalid(field, text);
      return Number(value);
    }
  }
}

function integer(field: DescField, text: string): bigint {
  if (!/^-?\d{1,20}$/.test(text)) throw invalid(field, text);
  return BigInt(text);
}

function invalid(field: DescField, text: string): LocalReplyError {
  const type =
    field.enum !== undefined ? 'TYPE_ENUM' : (field.message?.typeName ?? `TYPE_${ScalarType[field.scalar ?? ScalarType.STRING]}`);
  return new LocalReplyError(
    400,
    `(${field.name}): invalid value "${text}" for type ${type}`,
    'grpc_json_transcode_failure{INVALID_ARGUMENT}',
  );
}

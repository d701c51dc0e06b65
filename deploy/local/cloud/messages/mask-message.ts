import { type DescField, type DescMessage, type FileRegistry, fromBinary, type JsonValue, ScalarType, toJson } from '@bufbuild/protobuf';

/** What stands in the place of a field that the proto marks with `debug_redact`. */
export const masked = '[masked]';

/** Whether a field must not be shown: `[debug_redact = true]` in the proto. */
export function isRedacted(field: DescField): boolean {
  return field.proto.options?.debugRedact === true;
}

/** What masking goes by. */
interface MaskOptions {
  readonly registry: FileRegistry;
  /** What the bytes of a field named "data" are, where they are a message: that of events, in deliveries. */
  readonly dataType?: DescMessage | undefined;
}

/**
 * A message as JSON that may be kept and shown: fields marked with `debug_redact` are masked, also deep inside, and of bytes only their number is told, because
 * nobody knows what is in them. What is no such message is told as that; nothing of it is shown.
 */
export function maskedMessage(type: DescMessage, bytes: Uint8Array, options: MaskOptions): JsonValue {
  let json: JsonValue;
  try {
    json = toJson(type, fromBinary(type, bytes), { registry: options.registry });
  } catch {
    return `[${bytes.length} bytes that are no ${type.typeName}]`;
  }
  return maskedJson(type, json, options);
}

/** The same of a message that is JSON already, such as what a person has typed. Fields that the type does not have are masked. */
export function maskedJson(type: DescMessage, json: JsonValue, options: MaskOptions): JsonValue {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  if (type.typeName === 'google.protobuf.Any') {
    const inner = options.registry.getMessage(String(json['@type'] ?? '').replace(/^.*\//, ''));
    if (inner === undefined) return masked;
    const { '@type': name = '', ...fields } = json;
    const shown = maskedJson(inner, fields, options);
    return typeof shown === 'object' && shown !== null && !Array.isArray(shown) ? { '@type': name, ...shown } : masked;
  }
  if (type.typeName.startsWith('google.protobuf.')) return json;
  const fields = new Map(type.fields.flatMap((field) => [[field.jsonName, field] as const, [field.name, field] as const]));
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      const field = fields.get(name);
      return [name, field === undefined || isRedacted(field) ? masked : maskedField(field, value, options)];
    }),
  );
}

function maskedField(field: DescField, value: JsonValue, options: MaskOptions): JsonValue {
  switch (field.fieldKind) {
    case 'list':
      return Array.isArray(value) ? value.map((item) => maskedItem(field, item, options)) : masked;
    case 'map':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return masked;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskedItem(field, item, options)]));
    default:
      return maskedItem(field, value, options);
  }
}

function maskedItem(field: DescField, value: JsonValue, options: MaskOptions): JsonValue {
  if (field.message !== undefined) return maskedJson(field.message, value, options);
  if (field.scalar !== ScalarType.BYTES) return value;
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
  if (options.dataType !== undefined && field.name === 'data') return maskedMessage(options.dataType, bytes, options);
  return `[${bytes.length} bytes]`;
}

import { type DescEnum, type DescField, type DescMessage, type DescOneof, getOption, hasOption, ScalarType } from '@bufbuild/protobuf';
import type { FieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { FieldBehavior, field_behavior } from '../../services/platform/contracts/gen/types/google/api/field_behavior_pb.js';
import type { JsonObject } from '../bootstrap/json.ts';
import { commentOf } from './comments.ts';
import { integerText, inWords, isOneofRequired, keywordsOf, messageRulesOf, requiredFields, rulesOf, spokenRules } from './rules.ts';
import { knownTypes } from './well-known.ts';

/** Which way a message goes. What comes in is held against rules and has no field that is not known; what goes out may have more fields one day. */
type Direction = 'request' | 'response';

/**
 * The schemas of one document, each message and enumeration once, by its name without the package. A message that goes both ways has two: as a request it
 * is "DealInput".
 */
export class Schemas {
  readonly #schemas = new Map<string, { readonly owner: string; schema: JsonObject }>();

  /** A reference to a message, or what stands in its place in JSON. */
  message(message: DescMessage, direction: Direction): JsonObject {
    const known = knownTypes.get(message.typeName);
    if (known !== undefined) return known.schema;
    const suffix = direction === 'request' && !message.typeName.endsWith('Request') ? 'Input' : '';
    return this.#reference(message, suffix, () => this.object(message, direction));
  }

  /** A message as an object, without the fields that something else sets: the path, by their paths in the proto's names. */
  object(message: DescMessage, direction: Direction, without: readonly string[] = []): JsonObject {
    const fields = message.fields.filter(({ name }) => !without.includes(name));
    const required = direction === 'request' ? requiredFields(message) : new Set<string>();
    const needed = fields.filter(({ name }) => required.has(name)).map(({ jsonName }) => jsonName);
    const rules = direction === 'request' ? spokenRules(messageRulesOf(message)) : [];
    const description = [commentOf(message), ...rules].filter((text) => text !== undefined).join(' ');
    return {
      type: 'object',
      ...(description !== '' && { description }),
      ...(fields.length > 0 && {
        properties: Object.fromEntries(fields.map((field) => [field.jsonName, this.#property(field, direction, inside(field, without))])),
      }),
      ...(needed.length > 0 && { required: needed }),
      ...this.#oneofs(message, direction),
      ...(direction === 'request' && { additionalProperties: false }),
    };
  }

  /** A field's value, with what its rules and its comment say of it. */
  field(field: DescField, direction: Direction): JsonObject {
    return this.#property(field, direction, []);
  }

  /** Every schema that was asked for, in alphabetical order. */
  get all(): JsonObject {
    const byName = [...this.#schemas].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(byName.map(([name, { schema }]) => [name, schema]));
  }

  #property(field: DescField, direction: Direction, without: readonly string[]): JsonObject {
    const rules = direction === 'request' ? rulesOf(field) : undefined;
    const behaviour = hasOption(field, field_behavior) ? getOption(field, field_behavior) : [];
    const description = [commentOf(field), ...inWords(rules)].filter((text) => text !== undefined).join(' ');
    return {
      ...(description !== '' && { description }),
      ...(behaviour.includes(FieldBehavior.OUTPUT_ONLY) && { readOnly: true }),
      ...(behaviour.includes(FieldBehavior.INPUT_ONLY) && { writeOnly: true }),
      ...(field.proto.options?.deprecated === true && { deprecated: true }),
      ...this.#value(field, direction, rules, without),
    };
  }

  #value(field: DescField, direction: Direction, rules: FieldRules | undefined, without: readonly string[]): JsonObject {
    switch (field.fieldKind) {
      case 'scalar':
        return { ...scalar(field.scalar), ...keywordsOf(rules) };
      case 'enum':
        return this.#enum(field.enum);
      case 'message':
        return without.length > 0 ? this.object(field.message, direction, without) : this.message(field.message, direction);
      case 'list': {
        const items = rules?.type.case === 'repeated' ? rules.type.value.items : undefined;
        return { type: 'array', items: this.#item(field, direction, items), ...keywordsOf(rules) };
      }
      case 'map': {
        const { keys, values } = rules?.type.case === 'map' ? rules.type.value : {};
        const names = keywordsOf(keys);
        return {
          type: 'object',
          additionalProperties: this.#item(field, direction, values),
          ...(Object.keys(names).length > 0 && { propertyNames: names }),
          ...keywordsOf(rules),
        };
      }
    }
  }

  /** A list's or a map's values. */
  #item(field: Extract<DescField, { fieldKind: 'list' | 'map' }>, direction: Direction, rules: FieldRules | undefined): JsonObject {
    if (field.message !== undefined) return this.message(field.message, direction);
    if (field.enum !== undefined) return this.#enum(field.enum);
    return { ...scalar(field.scalar), ...keywordsOf(rules) };
  }

  #enum(desc: DescEnum): JsonObject {
    if (desc.typeName === 'google.protobuf.NullValue') return { type: 'null' };
    return this.#reference(desc, '', () => {
      const values = desc.values.map((value) => `- \`${value.name}\`: ${commentOf(value) ?? ''}`).join('\n');
      return { type: 'string', description: `${commentOf(desc) ?? ''}\n\n${values}`.trim(), enum: desc.values.map(({ name }) => name) };
    });
  }

  /** At most one field of a oneof may be there, and one has to be where its rule says so. */
  #oneofs(message: DescMessage, direction: Direction): JsonObject {
    const named = message.oneofs.map((oneof) => ({ names: jsonNames(oneof), required: isOneofRequired(oneof) }));
    const ruled = (messageRulesOf(message)?.oneof ?? []).map(({ fields, required }) => ({
      names: fields.map((name) => message.field[name]?.jsonName ?? name),
      required,
    }));
    const all = [...named, ...ruled].map(({ names, required }) => ({ oneOf: alternatives(names, required && direction === 'request') }));
    const [first = {}, second] = all;
    return second === undefined ? first : { allOf: all };
  }

  #reference(desc: DescMessage | DescEnum, suffix: string, schema: () => JsonObject): JsonObject {
    const short = `${desc.typeName.slice(desc.file.proto.package.length + 1)}${suffix}`;
    const other = this.#schemas.get(short);
    // Two packages may have messages of one name.
    const name = other === undefined || other.owner === desc.typeName ? short : `${desc.typeName}${suffix}`;
    if (!this.#schemas.has(name)) {
      // Known by name before its fields are, since a message may be inside of itself.
      const entry: { readonly owner: string; schema: JsonObject } = { owner: desc.typeName, schema: {} };
      this.#schemas.set(name, entry);
      entry.schema = schema();
    }
    return { $ref: `#/components/schemas/${name}` };
  }
}

function inside({ name }: DescField, paths: readonly string[]): string[] {
  return paths.flatMap((path) => (path.startsWith(`${name}.`) ? [path.slice(name.length + 1)] : []));
}

function jsonNames({ fields }: DescOneof): string[] {
  return fields.map(({ jsonName }) => jsonName);
}

function alternatives(names: readonly string[], required: boolean): JsonObject[] {
  const one = names.map((name): JsonObject => ({ required: [name] }));
  return required ? one : [...one, { not: { anyOf: one } }];
}

function scalar(type: ScalarType): JsonObject {
  switch (type) {
    case ScalarType.STRING:
      return { type: 'string' };
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' };
    case ScalarType.BOOL:
      return { type: 'boolean' };
    case ScalarType.FLOAT:
      return { type: 'number', format: 'float' };
    case ScalarType.DOUBLE:
      return { type: 'number', format: 'double' };
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: 'integer', format: 'int32', minimum: -2_147_483_648, maximum: 2_147_483_647 };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: 'integer', format: 'uint32', minimum: 0, maximum: 4_294_967_295 };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: 'string', format: 'uint64', pattern: '^(0|[1-9][0-9]{0,19})$' };
    default:
      return { type: 'string', format: 'int64', pattern: integerText() };
  }
}

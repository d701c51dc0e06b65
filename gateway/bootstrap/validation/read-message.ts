import protobuf from 'protobufjs';
import { envoyTypes } from './envoy-types.ts';
import { type Fault, join } from './fault.ts';
import { checkField, checkOneof } from './field-rules.ts';
import { isMap, type JsonMap, ReadMessage } from './message.ts';
import { isWellKnown, readWellKnown } from './well-known.ts';

/** What a reading found. */
interface Reading {
  /** Every message, outer before inner. */
  readonly messages: readonly ReadMessage[];
  readonly faults: readonly Fault[];
}

/** Reads JSON as a message of Envoy's API, by the rules of proto3's JSON mapping and of protoc-gen-validate. */
export function readMessage(typeName: string, value: unknown): Reading {
  const reader = new MessageReader();
  reader.message(envoyTypes().lookupType(typeName), value, '');
  return reader;
}

class MessageReader implements Reading {
  readonly messages: ReadMessage[] = [];
  readonly faults: Fault[] = [];

  /** Returns the message as read, or undefined where the value is no message. */
  message(type: protobuf.Type, value: unknown, path: string): ReadMessage | undefined {
    if (!isMap(value)) return this.#fault(path, `must be an object (${typeOf(type)})`);
    const fields: JsonMap = {};
    const read = new ReadMessage(typeOf(type), path, fields);
    this.messages.push(read);
    for (const [key, content] of Object.entries(value)) {
      const at = join(path, key);
      const field = findField(type, key);
      if (field === undefined) this.#fault(at, `unknown field of ${typeOf(type)}`);
      else if (content === null) continue;
      else if (Object.hasOwn(fields, field.name)) this.#fault(at, 'is given twice, in both spellings');
      else fields[field.name] = this.#field(field.resolve(), content, at);
    }
    for (const field of ruledFields(type)) this.faults.push(...checkField(field, fields[field.name], join(path, field.name)));
    for (const oneof of type.oneofsArray) this.faults.push(...checkOneof(oneof, fields, path));
    return read;
  }

  #field(field: protobuf.Field, value: unknown, path: string): unknown {
    if (field instanceof protobuf.MapField) {
      if (!isMap(value)) return this.#fault(path, 'must be an object');
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#single(field, item, join(path, key))]));
    }
    if (field.repeated) {
      if (!Array.isArray(value)) return this.#fault(path, 'must be a list');
      return value.map((item, index) => this.#single(field, item, join(path, index)));
    }
    return this.#single(field, value, path);
  }

  #single(field: protobuf.Field, value: unknown, path: string): unknown {
    const type = field.resolvedType;
    if (type instanceof protobuf.Enum) return this.#enum(type, value, path);
    if (type === null) return this.#wellKnown(field.type, value, path);
    const name = typeOf(type);
    if (name === 'google.protobuf.Any') return this.#any(value, path);
    return isWellKnown(name) ? this.#wellKnown(name, value, path) : this.message(type, value, path);
  }

  #wellKnown(type: string, value: unknown, path: string): unknown {
    const result = readWellKnown(type, value);
    return 'fault' in result ? this.#fault(path, result.fault) : result.value;
  }

  #enum(type: protobuf.Enum, value: unknown, path: string): unknown {
    if (typeof value === 'number' && Object.values(type.values).includes(value)) return value;
    if (typeof value === 'string' && Object.hasOwn(type.values, value)) return type.values[value];
    return this.#fault(path, `must be one of ${Object.keys(type.values).join(', ')}`);
  }

  #any(value: unknown, path: string): unknown {
    if (!isMap(value) || !hasTypeUrl(value)) return this.#fault(path, 'must be an object with "@type"');
    const { '@type': url, ...content } = value;
    const name = url.slice(url.lastIndexOf('/') + 1);
    if (!url.includes('/')) return this.#fault(join(path, '@type'), `must be a type URL such as "type.googleapis.com/${name}"`);
    if (isWellKnown(name)) {
      const { value: inner, ...rest }: JsonMap = content;
      const extra = Object.keys(rest)[0];
      if (extra !== undefined) return this.#fault(join(path, extra), `unknown field: ${name} in an Any has "value" only`);
      return this.#wellKnown(name, inner, join(path, 'value'));
    }
    const type = lookup(name);
    if (type === undefined) return this.#fault(join(path, '@type'), `"${name}" is no type of Envoy's API`);
    return this.message(type, content, path);
  }

  #fault(path: string, message: string): undefined {
    this.faults.push({ path, message });
  }
}

const ruled = new WeakMap<protobuf.Type, readonly protobuf.Field[]>();

/** The fields of a type that a rule or an annotation says something about: of most types few. */
function ruledFields(type: protobuf.Type): readonly protobuf.Field[] {
  let fields = ruled.get(type);
  if (fields === undefined) {
    fields = type.fieldsArray
      .map((field) => field.resolve())
      .filter(({ parsedOptions }) => parsedOptions !== null && parsedOptions !== undefined);
    ruled.set(type, fields);
  }
  return fields;
}

function findField(type: protobuf.Type, key: string): protobuf.Field | undefined {
  if (Object.hasOwn(type.fields, key)) return type.fields[key];
  return type.fieldsArray.find(({ name }) => protobuf.util.camelCase(name) === key);
}

const found = new Map<string, protobuf.Type>();

function lookup(name: string): protobuf.Type | undefined {
  const known = found.get(name);
  if (known !== undefined) return known;
  const type = envoyTypes().lookup(name, [protobuf.Type]);
  if (!(type instanceof protobuf.Type) || typeOf(type) !== name) return undefined;
  found.set(name, type);
  return type;
}

const names = new WeakMap<protobuf.Type | protobuf.Enum, string>();

/** protobufjs joins the name anew each time. */
function typeOf(type: protobuf.Type | protobuf.Enum): string {
  let name = names.get(type);
  if (name === undefined) {
    name = type.fullName.slice(1);
    names.set(type, name);
  }
  return name;
}

function hasTypeUrl(value: JsonMap): value is JsonMap & { readonly '@type': string } {
  return typeof value['@type'] === 'string';
}

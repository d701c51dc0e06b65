import protobuf from 'protobufjs';
import { type Fault, join } from './fault.ts';
import { isMap } from './message.ts';
import { type Rules, valueRules } from './value-rules.ts';

/** Checks a field against its protoc-gen-validate rules. `value` is as read, undefined where the field is absent. */
export function checkField(field: protobuf.Field, value: unknown, path: string): Fault[] {
  const options = optionsOf(field);
  if (value !== undefined && options['(envoy.annotations.disallowed_by_default)'] === true) {
    return [{ path, message: 'is deprecated: Envoy refuses it by default' }];
  }
  const rules = options['(validate.rules)'];
  if (!isMap(rules)) return [];
  if (field.map) return mapRules(mapAt(rules, 'map'), isMap(value) ? value : {}, path);
  if (field.repeated) return listRules(mapAt(rules, 'repeated'), Array.isArray(value) ? value : [], path);
  // An absent member of a oneof breaks nothing, whatever its rules say.
  if (value === undefined && field.partOf) return [];
  return check(rules, value ?? implicitDefault(field), path);
}

/** Checks that one member at most of a oneof is set, and one at least where it is required. */
export function checkOneof(oneof: protobuf.OneOf, fields: Readonly<Record<string, unknown>>, path: string): Fault[] {
  const set = oneof.fieldsArray.filter(({ name }) => Object.hasOwn(fields, name)).map(({ name }) => name);
  if (set.length > 1) return [{ path, message: `has ${set.join(' and ')}: only one of them is allowed` }];
  const required = optionsOf(oneof)['(validate.required)'] === true;
  const names = oneof.fieldsArray.map(({ name }) => name).join(', ');
  return set.length === 0 && required ? [{ path, message: `needs one of ${names}` }] : [];
}

/** Rules hold for a plain scalar's default too, but not for an absent message or wrapper. */
function implicitDefault(field: protobuf.Field): unknown {
  if (field.resolvedType instanceof protobuf.Type) return undefined;
  if (field.type === 'bytes' || field.type === 'string') return '';
  return field.type === 'bool' ? false : 0;
}

function check(rules: Rules, value: unknown, path: string): Fault[] {
  const faults: string[] = [];
  for (const [kind, rule] of Object.entries(rules)) {
    if (!isMap(rule)) continue;
    if (value === undefined) {
      if (rule['required'] === true) faults.push('is required');
    } else faults.push(...valueRules(kind, rule, value));
  }
  return faults.map((message) => ({ path, message }));
}

function listRules(rules: Rules, items: readonly unknown[], path: string): Fault[] {
  const faults: Fault[] = [];
  const fail = (message: string) => faults.push({ path, message });
  if (items.length < Number(rules['min_items'] ?? 0)) fail(`needs at least ${rules['min_items']} items`);
  if (items.length > Number(rules['max_items'] ?? Number.POSITIVE_INFINITY)) fail(`must have at most ${rules['max_items']} items`);
  if (rules['unique'] === true && new Set(items).size < items.length) fail('must not hold an item twice');
  return [...faults, ...items.flatMap((item, index) => check(mapAt(rules, 'items'), item, join(path, index)))];
}

function mapRules(rules: Rules, entries: Record<string, unknown>, path: string): Fault[] {
  const faults: Fault[] = [];
  if (Object.keys(entries).length < Number(rules['min_pairs'] ?? 0))
    faults.push({ path, message: `needs at least ${rules['min_pairs']} entries` });
  for (const [key, value] of Object.entries(entries)) {
    faults.push(...check(mapAt(rules, 'keys'), key, join(path, key)), ...check(mapAt(rules, 'values'), value, join(path, key)));
  }
  return faults;
}

/** Rules inside of rules; none where there are none. */
function mapAt(rules: Rules, name: string): Rules {
  const inner = rules[name];
  return isMap(inner) ? inner : {};
}

function optionsOf(object: protobuf.ReflectionObject): Record<string, unknown> {
  // A list, where protobufjs' types have an object.
  return Object.assign({}, ...[object.parsedOptions ?? []].flat());
}

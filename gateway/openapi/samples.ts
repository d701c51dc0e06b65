import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from '@bufbuild/protobuf';
import RandExp from 'randexp';
import { FieldBehavior, field_behavior } from '../../services/platform/contracts/gen/types/google/api/field_behavior_pb.js';
import { seededRandom } from '../../services/platform/tools/seeded-random.ts';
import type { Json, JsonObject } from '../bootstrap/json.ts';
import { keywordsOf, rulesOf } from './rules.ts';
import { commonSamples, knownTypes } from './well-known.ts';

/** A sample of a message in JSON: each field that a client sets, by its rules, one of each oneof. `without` are paths in the proto's names. */
export function sampleMessage(message: DescMessage, without: readonly string[] = [], depth = 0): JsonObject {
  const common = commonSamples.get(message.typeName);
  if (common !== undefined) return common;
  const fields = message.fields.filter((field) => !without.includes(field.name) && isSetByClients(field) && isFirstOfOneof(field));
  return Object.fromEntries(
    fields.flatMap((field) => {
      const inner = without.flatMap((path) => (path.startsWith(`${field.name}.`) ? [path.slice(field.name.length + 1)] : []));
      const value = sampleField(field, inner, depth);
      return value === undefined ? [] : [[field.jsonName, value]];
    }),
  );
}

/** A sample of a field; undefined where it is inside of itself too deep to go on. */
export function sampleField(field: DescField, without: readonly string[] = [], depth = 0): Json | undefined {
  switch (field.fieldKind) {
    case 'scalar':
      return sampleScalar(field.name, field.scalar, keywordsOf(rulesOf(field)));
    case 'enum':
      return (field.enum.values[1] ?? field.enum.values[0])?.name;
    case 'message':
      return sampleOf(field.message, without, depth);
    case 'list': {
      const rules = rulesOf(field)?.type;
      const items = rules?.case === 'repeated' ? keywordsOf(rules.value.items) : {};
      const one = sampleItem(field, items, depth);
      return one === undefined ? [] : [one];
    }
    case 'map': {
      const one = sampleItem(field, {}, depth);
      return one === undefined ? {} : { [field.mapKey === ScalarType.STRING ? 'key' : '1']: one };
    }
  }
}

/** A text for a field of this name that keeps the keywords: the name in words where it may be, then what the expression makes. */
export function sampleText(name: string, { pattern, minLength = 0, maxLength = 200, enum: among, const: only }: JsonObject): string {
  if (typeof only === 'string') return only;
  if (Array.isArray(among)) return String(among[0]);
  const expression = typeof pattern === 'string' ? new RegExp(pattern, 'u') : undefined;
  const words = name.replaceAll(/_|(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  const hyphened = words.replaceAll(' ', '-');
  const [collection] = /(?<=^\^\(?)[a-z-]+(?=\/)/.exec(String(pattern)) ?? [];
  const candidates = [
    `${words.charAt(0).toUpperCase()}${words.slice(1)}`,
    ...(expression === undefined
      ? []
      : ['0a8d2c4e-7b1f-4c53-9a6e-2f8b1d3c5e70', `${hyphened}-1`, hyphened, `${collection}/${collection?.replace(/s$/, '')}-1`]),
  ];
  const fits = (text: string) => (expression?.test(text) ?? true) && text.length >= Number(minLength) && text.length <= Number(maxLength);
  // A UUID is what an expression with "8 of 0-9a-f" asks for: others take the words first.
  const ordered = /\{8\}-/.test(String(pattern)) ? candidates : candidates.filter((text) => !/^0a8d/.test(text));
  return ordered.find(fits) ?? (expression === undefined ? words.padEnd(Number(minLength), '.') : textOf(expression, seededRandom(1)));
}

/** A text that an expression matches, by numbers from 0 to 1. Quantifiers without an end go to ten. */
export function textOf(expression: RegExp, next: () => number): string {
  const made = new RandExp(expression.source.replaceAll('[\\s\\S]', '[a-z]'));
  made.max = 10;
  made.randInt = (from, to) => from + Math.floor(next() * (to - from + 1));
  return made.gen();
}

function sampleOf(message: DescMessage, without: readonly string[], depth: number): Json | undefined {
  const known = knownTypes.get(message.typeName);
  if (known !== undefined) return known.sample;
  return depth > 3 ? undefined : sampleMessage(message, without, depth + 1);
}

function sampleItem(field: Extract<DescField, { fieldKind: 'list' | 'map' }>, keywords: JsonObject, depth: number): Json | undefined {
  if (field.message !== undefined) return sampleOf(field.message, [], depth);
  return field.enum === undefined ? sampleScalar(field.name, field.scalar, keywords) : field.enum.values.at(-1)?.name;
}

function sampleScalar(name: string, type: ScalarType, keywords: JsonObject): Json {
  switch (type) {
    case ScalarType.STRING:
      return sampleText(name, keywords);
    case ScalarType.BYTES:
      return 'AA==';
    case ScalarType.BOOL:
      return true;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return '100';
    default:
      return Math.min(Number(keywords['maximum'] ?? 10), Math.max(Number(keywords['minimum'] ?? 10), 10));
  }
}

/** Whether it is a client that sets a field, not the service. */
export function isSetByClients(field: DescField): boolean {
  return !(hasOption(field, field_behavior) && getOption(field, field_behavior).includes(FieldBehavior.OUTPUT_ONLY));
}

function isFirstOfOneof(field: DescField): boolean {
  return field.oneof === undefined || field.oneof.fields[0] === field;
}

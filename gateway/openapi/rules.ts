import { create, type DescField, type DescMessage, type DescOneof, getOption, hasOption, type Message } from '@bufbuild/protobuf';
import { createValidator } from '@bufbuild/protovalidate';
import {
  type FieldRules,
  field as fieldRules,
  Ignore,
  type MessageRules,
  message as messageRules,
  oneof as oneofRules,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { Json, JsonObject } from '../bootstrap/json.ts';

/** What buf.validate says about a field. Where all of it is to be ignored, nothing. */
export function rulesOf(field: DescField): FieldRules | undefined {
  const rules = hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
  return rules?.ignore === Ignore.ALWAYS ? undefined : rules;
}

/** What buf.validate says about a message as a whole. */
export function messageRulesOf(message: DescMessage): MessageRules | undefined {
  return hasOption(message, messageRules) ? getOption(message, messageRules) : undefined;
}

/** Whether one field of a oneof has to be set. */
export function isOneofRequired(oneof: DescOneof): boolean {
  return hasOption(oneof, oneofRules) && getOption(oneof, oneofRules).required === true;
}

const validator = createValidator({ regexMatch: (pattern, text) => new RegExp(pattern, 'u').test(text) });

/** The fields, by their names in the proto, that a message may not be without: an absent one, or one of zero, breaks a rule. */
export function requiredFields(message: DescMessage): ReadonlySet<string> {
  const result = validator.validate(message, create(message));
  if (result.kind !== 'invalid') return new Set();
  return new Set(result.violations.flatMap(({ field: [first] }) => (first?.kind === 'field' ? [first.name] : [])));
}

/** Whether a message keeps every rule. */
export function keepsRules(schema: DescMessage, message: Message): boolean {
  return validator.validate(schema, message).kind === 'valid';
}

/** What the keywords of JSON Schema cannot say of a field, in sentences. */
export function inWords(rules: FieldRules | undefined): string[] {
  return [...boundsInWords(rules), ...spokenRules(rules).map((rule) => `Rule: ${rule}.`)];
}

/** What is left of rules that JSON Schema has no word for: their own messages. */
export function spokenRules(rules: FieldRules | MessageRules | undefined): string[] {
  return [...(rules?.cel ?? []).map(({ message, expression }) => message || expression), ...(rules?.celExpression ?? [])];
}

/** The form of a UUID that protovalidate takes: not that of a URN, which JSON Schema's format takes as well. */
const uuid = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';

const textFormats: Readonly<Record<string, JsonObject>> = {
  uuid: { format: 'uuid', pattern: uuid },
  email: { format: 'email' },
  hostname: { format: 'hostname' },
  ipv4: { format: 'ipv4' },
  ipv6: { format: 'ipv6' },
  uri: { format: 'uri' },
  uriRef: { format: 'uri-reference' },
};

/** The keywords of JSON Schema for rules about one value. */
export function keywordsOf(rules: FieldRules | undefined): JsonObject {
  const { type } = rules ?? {};
  switch (type?.case) {
    case 'string': {
      const { value } = type;
      const known = value.wellKnown;
      const patterns = [
        ...(value.pattern === '' ? [] : [value.pattern]),
        ...(value.prefix === '' ? [] : [`^${literalOf(value.prefix)}`]),
        ...(value.suffix === '' ? [] : [`${literalOf(value.suffix)}$`]),
        ...(value.contains === '' ? [] : [literalOf(value.contains)]),
      ];
      const [first, second] = patterns;
      return {
        ...lengths(value.minLen || value.len, value.maxLen || value.len),
        ...(known.case !== undefined && known.value === true && textFormats[known.case]),
        ...(first !== undefined && (second === undefined ? { pattern: first } : { allOf: patterns.map((pattern) => ({ pattern })) })),
        ...choice(value.const, value.in, value.notIn),
      };
    }
    case 'int32':
    case 'uint32':
    case 'sint32':
    case 'fixed32':
    case 'sfixed32':
    case 'float':
    case 'double': {
      const { greaterThan, lessThan, in: among, notIn, const: only } = type.value;
      return {
        ...(greaterThan.case === 'gte' && { minimum: greaterThan.value }),
        ...(greaterThan.case === 'gt' && { exclusiveMinimum: greaterThan.value }),
        ...(lessThan.case === 'lte' && { maximum: lessThan.value }),
        ...(lessThan.case === 'lt' && { exclusiveMaximum: lessThan.value }),
        ...choice(only, among, notIn),
      };
    }
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'fixed64':
    case 'sfixed64': {
      const { greaterThan, in: among, notIn, const: only } = type.value;
      return {
        pattern: integerText(greaterThan.case === undefined ? undefined : greaterThan.value + (greaterThan.case === 'gt' ? 1n : 0n)),
        ...choice(only === 0n ? undefined : String(only), among.map(String), notIn.map(String)),
      };
    }
    case 'repeated': {
      const { minItems, maxItems, unique } = type.value;
      return {
        ...(minItems > 0n && { minItems: Number(minItems) }),
        ...(maxItems > 0n && { maxItems: Number(maxItems) }),
        ...(unique && { uniqueItems: true }),
      };
    }
    case 'map': {
      const { minPairs, maxPairs } = type.value;
      return {
        ...(minPairs > 0n && { minProperties: Number(minPairs) }),
        ...(maxPairs > 0n && { maxProperties: Number(maxPairs) }),
      };
    }
    default:
      return {};
  }
}

/** An integer of 64 bits is a text in JSON, and so are bytes. */
function boundsInWords(rules: FieldRules | undefined): string[] {
  const { type } = rules ?? {};
  switch (type?.case) {
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'fixed64':
    case 'sfixed64': {
      const { greaterThan, lessThan } = type.value;
      const least = greaterThan.case === undefined ? '' : `${greaterThan.case === 'gt' ? 'more than' : 'at least'} ${greaterThan.value}`;
      const most = lessThan.case === undefined ? '' : `${lessThan.case === 'lt' ? 'less than' : 'at most'} ${lessThan.value}`;
      return sentence(least, most);
    }
    case 'duration': {
      const { greaterThan, lessThan } = type.value;
      const least =
        greaterThan.case === undefined ? '' : `${greaterThan.case === 'gt' ? 'more than' : 'at least'} ${greaterThan.value.seconds}s`;
      const most = lessThan.case === undefined ? '' : `${lessThan.case === 'lt' ? 'less than' : 'at most'} ${lessThan.value.seconds}s`;
      return sentence(least, most);
    }
    case 'bytes':
      return type.value.maxLen === 0n ? [] : [`At most ${type.value.maxLen} bytes.`];
    default:
      return [];
  }
}

function sentence(...parts: readonly string[]): string[] {
  const whole = parts.filter((text) => text !== '').join(', ');
  return whole === '' ? [] : [`${whole.charAt(0).toUpperCase()}${whole.slice(1)}.`];
}

/** An integer of 64 bits, as the texts that are not below `least` where that is zero or one. */
export function integerText(least?: bigint): string {
  if (least !== undefined && least >= 1n) return '^[1-9][0-9]{0,18}$';
  return least === 0n ? '^(0|[1-9][0-9]{0,18})$' : '^-?(0|[1-9][0-9]{0,18})$';
}

function lengths(least: bigint, most: bigint): JsonObject {
  return { ...(least > 0n && { minLength: Number(least) }), ...(most > 0n && { maxLength: Number(most) }) };
}

/** What a rule leaves unsaid reads as zero here, and no rule asks for zero. */
function choice(only: Json | undefined, among: readonly Json[], not: readonly Json[]): JsonObject {
  return {
    ...(only !== undefined && only !== '' && only !== 0 && { const: only }),
    ...(among.length > 0 && { enum: among }),
    ...(not.length > 0 && { not: { enum: not } }),
  };
}

function literalOf(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}

import { isIP } from 'node:net';
import { isMap } from './message.ts';

/** Rules of protoc-gen-validate, as written in the proto file. */
export type Rules = Readonly<Record<string, unknown>>;

/** What one value breaks of the rules of its kind ("string", "uint32", "duration", ...). */
export function valueRules(kind: string, rules: Rules, value: unknown): string[] {
  switch (kind) {
    case 'string':
      return stringRules(rules, String(value));
    case 'bytes':
      // Absent ones are an empty text.
      return lengthRules(rules, value instanceof Uint8Array ? value.length : 0, 'len', 'bytes');
    case 'enum':
      return membershipRules(rules, value);
    case 'bool':
      return rules['const'] !== undefined && value !== rules['const'] ? [`must be ${rules['const']}`] : [];
    case 'duration':
      return typeof value === 'bigint' ? rangeRules(rules, value, nanoseconds, (nanos) => `${Number(nanos) / 1e9}s`) : [];
    case 'message':
    case 'any':
    case 'timestamp':
      return [];
    default:
      return [...rangeRules(rules, Number(value), Number, String), ...membershipRules(rules, value)];
  }
}

/** A google.protobuf.Duration of a rule. */
function nanoseconds(bound: unknown): bigint {
  const { seconds = 0, nanos = 0 } = isMap(bound) ? bound : {};
  return BigInt(Number(seconds)) * 1_000_000_000n + BigInt(Number(nanos));
}

function rangeRules<T extends number | bigint>(rules: Rules, value: T, bound: (rule: unknown) => T, print: (value: T) => string): string[] {
  const comparisons = [
    ['gt', 'more than', (limit: T) => value > limit],
    ['gte', 'at least', (limit: T) => value >= limit],
    ['lt', 'less than', (limit: T) => value < limit],
    ['lte', 'at most', (limit: T) => value <= limit],
  ] as const;
  return comparisons.flatMap(([name, words, holds]) => {
    if (rules[name] === undefined || holds(bound(rules[name]))) return [];
    return [`must be ${words} ${print(bound(rules[name]))}`];
  });
}

function membershipRules(rules: Rules, value: unknown): string[] {
  const faults: string[] = [];
  if (rules['const'] !== undefined && rules['const'] !== value) faults.push(`must be ${rules['const']}`);
  if (rules['in'] !== undefined && !list(rules['in']).includes(value)) faults.push(`must be one of ${list(rules['in']).join(', ')}`);
  if (rules['not_in'] !== undefined && list(rules['not_in']).includes(value)) faults.push(`must not be ${value}`);
  return faults;
}

function stringRules(rules: Rules, value: string): string[] {
  if (value === '' && rules['ignore_empty'] === true) return [];
  const faults = [
    ...lengthRules(rules, [...value].length, 'len', 'characters'),
    ...lengthRules(rules, Buffer.byteLength(value), 'bytes', 'bytes'),
    ...membershipRules(rules, value),
  ];
  const need = (rule: string, holds: (operand: string) => boolean, words: string) => {
    const operand = rules[rule];
    if (operand !== undefined && operand !== false && !holds(String(operand))) faults.push(words.replace('{}', String(operand)));
  };
  need('prefix', (prefix) => value.startsWith(prefix), 'must start with "{}"');
  need('suffix', (suffix) => value.endsWith(suffix), 'must end with "{}"');
  need('contains', (part) => value.includes(part), 'must contain "{}"');
  need('pattern', (pattern) => new RegExp(pattern, 'u').test(value), 'must match {}');
  need('uri', () => URL.canParse(value), 'must be a URI');
  need('ip', () => isIP(value) !== 0, 'must be an IP address');
  if (rules['well_known_regex'] !== undefined)
    faults.push(...headerRules(String(rules['well_known_regex']), rules['strict'] !== false, value));
  return faults;
}

/** https://github.com/bufbuild/protoc-gen-validate: strict follows RFC 7230, otherwise only NUL, CR and LF are refused. */
function headerRules(kind: string, strict: boolean, value: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  const loose = /^[^\u0000\u000A\u000D]*$/;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
  const strictValue = /^[^\u0000-\u0008\u000A-\u001F\u007F]*$/;
  const allowed = strict ? (kind === 'HTTP_HEADER_NAME' ? /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/ : strictValue) : loose;
  return allowed.test(value) ? [] : [`is no ${kind === 'HTTP_HEADER_NAME' ? 'header name' : 'header value'}`];
}

function lengthRules(rules: Rules, length: number, suffix: 'len' | 'bytes', unit: string): string[] {
  const [min, max] = [rules[`min_${suffix}`], rules[`max_${suffix}`]];
  if (min !== undefined && length < Number(min)) return [Number(min) === 1 ? 'must not be empty' : `needs at least ${min} ${unit}`];
  return max !== undefined && length > Number(max) ? [`must have at most ${max} ${unit}`] : [];
}

function list(operand: unknown): readonly unknown[] {
  return Array.isArray(operand) ? operand : [operand];
}

import { fromJson, type JsonValue, type Message, type Registry } from '@bufbuild/protobuf';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { UsageError } from '../../services/platform/tools/command-line.ts';
import type { OperatorCommand } from './operator-commands.ts';

/** What was typed behind a command's name. */
interface Typed {
  readonly positionals: readonly string[];
  /** By the names of options. */
  readonly values: Readonly<Record<string, string | undefined>>;
}

/** The request that a command line means. @throws {UsageError} with the argument or option at fault. */
export function readRequest(
  { name, method, names, options }: OperatorCommand,
  { positionals, values }: Typed,
  registry: Registry,
): Message {
  if (positionals.length !== names.length) {
    const taken = names.map(({ pattern }) => pattern).join(' ') || 'none';
    throw new UsageError(`${name} takes ${names.length} argument${names.length === 1 ? '' : 's'}: ${taken}`);
  }
  const json: Record<string, JsonValue> = {};
  for (const [index, { field, pattern }] of names.entries()) json[field.name] = fullName(pattern, positionals[index] ?? '');
  for (const option of options) {
    const value = values[option.name];
    if (value === undefined) continue;
    json[option.field.name] = option.takes === 'JSON' || option.takes === 'true|false' ? parsed(option.name, value) : value;
  }
  try {
    return fromJson(method.input, json, { registry });
  } catch (error) {
    throw new UsageError(`${name}: ${errorText(error)}`);
  }
}

/**
 * The resource name that is meant: "orders/3f/story" by "orders/3f/story", by what it begins with, "orders/3f", and by what stands for its asterisks, "3f".
 *
 * @throws {UsageError}
 */
export function fullName(pattern: string, typed: string): string {
  const wanted = pattern.split('/');
  const given = typed.split('/');
  if (given.includes('')) throw new UsageError(`"${typed}" is no ${pattern}`);
  const begins = given.every((segment, index) => wanted[index] === '*' || wanted[index] === segment);
  const rest = wanted.slice(given.length);
  if (begins && !rest.includes('*')) return [...given, ...rest].join('/');
  // What begins as the name does is the name, and then not the whole of it.
  if (given[0] === wanted[0] || given.length !== wanted.filter((segment) => segment === '*').length)
    throw new UsageError(`"${typed}" is no ${pattern}`);
  const values = given.values();
  return wanted.map((segment) => (segment === '*' ? (values.next().value ?? '') : segment)).join('/');
}

function parsed(option: string, value: string): JsonValue {
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    throw new UsageError(`--${option} ${value} is no JSON`);
  }
}

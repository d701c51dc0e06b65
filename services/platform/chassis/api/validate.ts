import type { DescMessage, Message, MessageShape } from '@bufbuild/protobuf';
import { type Path, pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Validator } from '@bufbuild/protovalidate';
import { type FieldViolation, invalidArgument } from '../errors/rpc-error.ts';

let validator: Validator | undefined;

const patterns = new Map<string, RegExp>();

/**
 * Patterns come from our own protos only, where lint and review see them, and mean the same in both engines. The library's RE2 in JavaScript guards against
 * patterns of strangers, and takes longer than all the rest of a validation.
 */
function matches(pattern: string, text: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    compiled = new RegExp(pattern, 'u');
    patterns.set(pattern, compiled);
  }
  return compiled.test(text);
}

/**
 * Holds what an update leaves against the rules of a request that would make it, as that one is held: no update leaves a state that none could have been made
 * with.
 *
 * @throws {RpcError} INVALID_ARGUMENT with every field at fault.
 */
export function requireValid<D extends DescMessage>(schema: D, message: MessageShape<D>): void {
  refuseViolations(ruleViolations(schema, message));
}

/** @throws {RpcError} INVALID_ARGUMENT with every field at fault, where there is one. */
export function refuseViolations(violations: readonly FieldViolation[]): void {
  const [first] = violations;
  if (first === undefined) return;
  throw invalidArgument(first.field === '' ? first.description : `${first.field}: ${first.description}`, violations);
}

/**
 * Holds a message against the rules that its proto states (buf.validate).
 *
 * @returns every field at fault, by its path in the proto; an empty path is the message as a whole.
 */
export function ruleViolations(schema: DescMessage, message: Message): FieldViolation[] {
  validator ??= createValidator({ regexMatch: matches });
  const result = validator.validate(schema, message);
  if (result.kind === 'error') throw result.error;
  if (result.kind === 'valid') return [];
  return result.violations.map(({ field, message, ruleId }) => ({
    field: fieldAtFault(schema, field, ruleId),
    description: message,
    reason: reasonOf(ruleId),
  }));
}

/**
 * The path of the field that a rule is about. A rule of a whole message begins its id with the field's name, as in "title.required": then that field is at
 * fault, and not all of the message.
 */
function fieldAtFault(schema: DescMessage, path: Path, ruleId: string): string {
  const whole = pathToString(path);
  const message = messageAt(schema, path);
  const [named = ''] = ruleId.split('.');
  if (message?.fields.some(({ name }) => name === named) !== true) return whole;
  return whole === '' ? named : `${whole}.${named}`;
}

/** The message that a path leads to, where it leads to one. */
function messageAt(schema: DescMessage, path: Path): DescMessage | undefined {
  const last = path.at(-1);
  if (last === undefined) return schema;
  return last.kind === 'field' && last.fieldKind === 'message' ? last.message : undefined;
}

/** google.rpc.BadRequest.FieldViolation.reason: "STRING_UUID" for the rule string.uuid. */
function reasonOf(ruleId: string): string {
  return ruleId
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .slice(0, 63);
}

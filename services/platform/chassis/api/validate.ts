import type { DescMessage, Message } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Validator } from '@bufbuild/protovalidate';
import type { FieldViolation } from '../errors/rpc-error.ts';

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
 * Holds a message against the rules that its proto states (buf.validate).
 *
 * @returns every field at fault, by its path in the proto; an empty path is the message as a whole.
 */
export function ruleViolations(schema: DescMessage, message: Message): FieldViolation[] {
  validator ??= createValidator({ regexMatch: matches });
  const result = validator.validate(schema, message);
  if (result.kind === 'error') throw result.error;
  if (result.kind === 'valid') return [];
  return result.violations.map(({ field, message }) => ({ field: pathToString(field), description: message }));
}

import type { Message } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Validator } from '@bufbuild/protovalidate';
import { status } from '@grpc/grpc-js';
import { invalidArgument, RpcError } from '../rpc-error.ts';
import type { Interceptor, ServedMethod } from '../served-method.ts';

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

/** Reads the request and holds it against the proto's rules: INVALID_ARGUMENT with every field at fault. */
export const validation: Interceptor = (next, method) => (call) => {
  const request = decode(method, call.incoming.body);
  validator ??= createValidator({ regexMatch: matches });
  const result = validator.validate(method.desc.input, request);
  if (result.kind === 'error') throw result.error;
  if (result.kind === 'invalid') {
    const violations = result.violations.map(({ field, message }) => ({ field: pathToString(field), description: message }));
    const [first] = violations;
    throw invalidArgument(first!.field === '' ? first!.description : `${first!.field}: ${first!.description}`, violations);
  }
  call.request = request;
  return next(call);
};

/** The server's own limit is that of its method with the largest requests. */
function tooLarge(bytes: number, most: number): RpcError {
  return new RpcError({
    code: status.RESOURCE_EXHAUSTED,
    reason: 'REQUEST_TOO_LARGE',
    message: `the request has ${bytes} bytes, and the method takes ${most}`,
  });
}

/** gRPC libraries answer INTERNAL here; the bytes are the caller's fault, so it is told so, and no operator is woken. */
function decode({ decode, desc, maxRequestBytes }: ServedMethod, body: Buffer): Message {
  if (body.length > maxRequestBytes) throw tooLarge(body.length, maxRequestBytes);
  try {
    return decode(body);
  } catch {
    throw new RpcError({
      code: status.INVALID_ARGUMENT,
      reason: 'MALFORMED_REQUEST',
      message: `the request is not a ${desc.input.typeName}`,
    });
  }
}

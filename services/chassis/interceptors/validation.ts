import type { Message } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { type FieldViolation, invalidArgument, RpcError } from '../rpc-error.ts';
import type { Interceptor, ServedMethod } from '../served-method.ts';
import { textViolations } from '../text-violations.ts';
import { ruleViolations } from '../validate.ts';

/** Reads the request and holds it against what the database can hold and the proto's rules: INVALID_ARGUMENT with every field at fault. */
export const validation: Interceptor = (next, method) => (call) => {
  const { body } = call.incoming;
  const { input } = method.desc;
  const request = decode(method, body);
  // A text with U+0000 has a zero byte, and hardly any other request has one. Half surrogate pairs do not get here: they are no UTF-8.
  if (body.includes(0)) refuse(textViolations(input, request));
  refuse(ruleViolations(input, request));
  call.request = request;
  return next(call);
};

function refuse(violations: readonly FieldViolation[]): void {
  const [first] = violations;
  if (first === undefined) return;
  throw invalidArgument(first.field === '' ? first.description : `${first.field}: ${first.description}`, violations);
}

/** gRPC libraries answer INTERNAL here; the bytes are the caller's fault, so it is told so, and no operator is woken. */
function decode({ decode, desc }: ServedMethod, body: Buffer): Message {
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

import type { Message } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { streamsRequests } from '../../contracts/streams.ts';
import { textViolations } from '../api/text-violations.ts';
import { refuseViolations, ruleViolations } from '../api/validate.ts';
import { RpcError } from '../errors/rpc-error.ts';
import type { Interceptor, ServedMethod } from '../server/served-method.ts';

/** Reads the request and holds it against what the database can hold and the proto's rules: INVALID_ARGUMENT with every field at fault. */
export const validation: Interceptor = (next, method) => {
  if (streamsRequests(method.desc)) {
    return (call) => {
      call.requests = readAll(method, call.incoming.messages!);
      return next(call);
    };
  }
  return (call) => {
    call.request = read(method, call.incoming.body!);
    return next(call);
  };
};

/** Each request of a stream when the handler asks for it. */
async function* readAll(method: ServedMethod, messages: AsyncIterable<Buffer>): AsyncGenerator<Message> {
  for await (const bytes of messages) yield read(method, bytes);
}

function read(method: ServedMethod, body: Buffer): Message {
  const { input } = method.desc;
  const request = decode(method, body);
  // A text with U+0000 has a zero byte, and hardly any other request has one. Half surrogate pairs do not get here: they are no UTF-8.
  if (body.includes(0)) refuseViolations(textViolations(input, request));
  refuseViolations(ruleViolations(input, request));
  return request;
}

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

import {
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type Message,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';
import { shareMessageMemory } from './message-memory.ts';
import { grpcMethod } from './services.ts';

shareMessageMemory();

/** A method whose messages are protobuf-es messages. */
type MessageMethod = MethodDefinition<Message, Message>;

/** The grpc-js definition of a service. Keys are the methods' names as in the proto, such as "GetDeal". */
export function serviceDefinition(service: DescService): Readonly<Record<string, MessageMethod>> {
  return Object.fromEntries(service.methods.map((method) => [method.name, methodDefinition(method)]));
}

/**
 * The grpc-js definition of a method: proto-loader's, with protobuf-es to write and read the messages, because that is what validation works on.
 *
 * @throws {Error} where the build is of other protos.
 */
export function methodDefinition({ parent, name, input, output }: DescMethod): MessageMethod {
  const { path, requestStream, responseStream } = grpcMethod(parent.typeName, name);
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: serialiser(input),
    requestDeserialize: deserialiser(input),
    responseSerialize: serialiser(output),
    responseDeserialize: deserialiser(output),
  };
}

function serialiser<D extends DescMessage>(schema: D): (message: MessageShape<D>) => Buffer {
  // As shared memory has it, a Buffer.
  return (message) => toBinary(schema, message) as Buffer;
}

function deserialiser<D extends DescMessage>(schema: D): (bytes: Buffer) => MessageShape<D> {
  return (bytes) => fromBinary(schema, bytes);
}

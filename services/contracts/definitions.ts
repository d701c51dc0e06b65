import { type DescMessage, type DescService, fromBinary, type Message, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';
import { grpcPath } from './methods.ts';

/** A gRPC service whose messages are protobuf-es messages. */
export type MessageServiceDefinition = Readonly<Record<string, MethodDefinition<Message, Message>>>;

/** The grpc-js definition of a service whose messages are protobuf-es messages. Keys are the methods' names as in the proto, such as "GetDeal". */
export function serviceDefinition(service: DescService): MessageServiceDefinition {
  return Object.fromEntries(
    service.methods.map((method) => [
      method.name,
      {
        path: grpcPath(method),
        requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
        responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
        requestSerialize: serialiser(method.input),
        requestDeserialize: deserialiser(method.input),
        responseSerialize: serialiser(method.output),
        responseDeserialize: deserialiser(method.output),
      },
    ]),
  );
}

function serialiser<D extends DescMessage>(schema: D): (message: MessageShape<D>) => Buffer {
  return (message) => {
    const bytes = toBinary(schema, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function deserialiser<D extends DescMessage>(schema: D): (bytes: Buffer) => MessageShape<D> {
  return (bytes) => fromBinary(schema, bytes);
}

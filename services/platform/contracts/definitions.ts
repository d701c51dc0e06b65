import { type DescMessage, type DescService, fromBinary, type Message, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';
import { shareMessageMemory } from './message-memory.ts';
import { grpcService } from './services.ts';

shareMessageMemory();

/** A gRPC service whose messages are protobuf-es messages. */
type MessageServiceDefinition = Readonly<Record<string, MethodDefinition<Message, Message>>>;

/**
 * The grpc-js definition of a service: proto-loader's, with protobuf-es to write and read the messages, because that is what validation works on. Keys are
 * the methods' names as in the proto, such as "GetDeal".
 */
export function serviceDefinition(service: DescService): MessageServiceDefinition {
  const { methods } = grpcService(service.typeName);
  return Object.fromEntries(
    methods.map(({ name, path, requestStream, responseStream }) => {
      const { input, output } = service.methods.find((method) => method.name === name)!;
      return [
        name,
        {
          path,
          requestStream,
          responseStream,
          requestSerialize: serialiser(input),
          requestDeserialize: deserialiser(input),
          responseSerialize: serialiser(output),
          responseDeserialize: deserialiser(output),
        },
      ];
    }),
  );
}

function serialiser<D extends DescMessage>(schema: D): (message: MessageShape<D>) => Buffer {
  // As shared memory has it, a Buffer.
  return (message) => toBinary(schema, message) as Buffer;
}

function deserialiser<D extends DescMessage>(schema: D): (bytes: Buffer) => MessageShape<D> {
  return (bytes) => fromBinary(schema, bytes);
}

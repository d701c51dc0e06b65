import { readFileSync } from 'node:fs';
import { type DescMessage, type DescService, fromBinary, type Message, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';
import { descriptorFile } from './methods.ts';

let loaded: PackageDefinition | undefined;

/** Every service and message of the descriptor set, as proto-loader tells them: what reflection answers from. Loaded once. */
export function packageDefinition(): PackageDefinition {
  loaded ??= loadFileDescriptorSetFromBuffer(readFileSync(descriptorFile));
  return loaded;
}

/** A gRPC service whose messages are protobuf-es messages. */
export type MessageServiceDefinition = Readonly<Record<string, MethodDefinition<Message, Message>>>;

/**
 * The grpc-js definition of a service: paths and streaming as proto-loader reads them, messages as protobuf-es (de)serialises them.
 * Keys are the methods' names as in the proto, such as "GetDeal".
 *
 * @throws where the descriptor set lacks the service: it was built before the generated types.
 */
export function serviceDefinition(service: DescService): MessageServiceDefinition {
  const definition = loadedService(service.typeName);
  return Object.fromEntries(
    service.methods.map((method) => {
      const base = definition[method.name];
      if (base === undefined) throw new Error(`${service.typeName}.${method.name} is not in ${descriptorFile}: run "npm run build"`);
      return [
        method.name,
        {
          ...base,
          requestSerialize: serialiser(method.input),
          requestDeserialize: deserialiser(method.input),
          responseSerialize: serialiser(method.output),
          responseDeserialize: deserialiser(method.output),
        },
      ];
    }),
  );
}

function loadedService(typeName: string): ServiceDefinition {
  const definition = packageDefinition()[typeName];
  if (definition === undefined || 'format' in definition) throw new Error(`${typeName} is not in ${descriptorFile}: run "npm run build"`);
  return definition as ServiceDefinition;
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

import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';

/**
 * Serves grpc.reflection.v1 and v1alpha, to whoever reaches the port. Loaded when asked for: it takes long and holds 10 MB.
 *
 * The files are given as the descriptor set has them. What proto-loader would make of them, one file for each package, loses their imports, and then no
 * client finds its way from one to the next.
 */
export async function addReflection(server: Server): Promise<void> {
  const [{ ReflectionService }, { toBinary }, { FileDescriptorProtoSchema }, { readDescriptorSet }] = await Promise.all([
    import('@grpc/reflection'),
    import('@bufbuild/protobuf'),
    import('@bufbuild/protobuf/wkt'),
    import('../../contracts/methods.ts'),
  ]);
  const fileDescriptorProtos = readDescriptorSet().file.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)));
  // Of a definition the service reads nothing else.
  const definition = { all: { fileDescriptorProtos } } as unknown as PackageDefinition;
  new ReflectionService(definition).addToServer(server);
}

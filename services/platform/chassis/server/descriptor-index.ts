import { createFileRegistry, type DescFile, toBinary } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema, type FileDescriptorSet } from '@bufbuild/protobuf/wkt';

/** The files of a descriptor set by what reflection asks for. They are given as they are, options that only the set's own protos know included. */
export class DescriptorIndex {
  /** Every gRPC service. */
  readonly services: readonly string[];
  readonly #byName: ReadonlyMap<string, DescFile>;
  readonly #bySymbol: ReadonlyMap<string, DescFile>;
  /** By the message that is extended, then by number. Every message is there. */
  readonly #extensions: ReadonlyMap<string, ReadonlyMap<number, DescFile>>;

  constructor(set: FileDescriptorSet) {
    const files = [...createFileRegistry(set).files];
    const services: string[] = [];
    const bySymbol = new Map<string, DescFile>();
    const extensions = new Map<string, Map<number, DescFile>>();
    const extensionsOf = (type: string) => {
      const known = extensions.get(type) ?? new Map<number, DescFile>();
      extensions.set(type, known);
      return known;
    };
    for (const file of files) {
      const index = (...names: string[]) => bySymbol.set(names.join('.'), file);
      for (const type of nestedTypes(file)) {
        index(type.typeName);
        switch (type.kind) {
          case 'message':
            extensionsOf(type.typeName);
            for (const { name } of [...type.fields, ...type.oneofs]) index(type.typeName, name);
            break;
          case 'enum': {
            // Values stand beside their enum, not inside of it.
            const scope = type.typeName.split('.').slice(0, -1);
            for (const { name } of type.values) index(...scope, name);
            break;
          }
          case 'extension':
            extensionsOf(type.extendee.typeName).set(type.number, file);
            break;
          case 'service':
            services.push(type.typeName);
            for (const { name } of type.methods) index(type.typeName, name);
        }
      }
    }
    this.services = services;
    this.#byName = new Map(files.map((file) => [file.proto.name, file]));
    this.#bySymbol = bySymbol;
    this.#extensions = extensions;
  }

  /** By its path, such as "kumiko/platform/v1/options.proto". */
  fileByName(name: string): DescFile | undefined {
    return this.#byName.get(name);
  }

  /** By the full name of something that it declares: a message, field, oneof, enum, value, extension, service, method. */
  fileBySymbol(symbol: string): DescFile | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** By an extension: the full name of the message that is extended, and the extension's number. */
  fileByExtension(type: string, number: number): DescFile | undefined {
    return this.#extensions.get(type)?.get(number);
  }

  /** The numbers of all extensions of a message; undefined where there is no such message. */
  extensionNumbers(type: string): number[] | undefined {
    const known = this.#extensions.get(type);
    return known === undefined ? undefined : [...known.keys()];
  }
}

/** A file and those that it imports, directly or not, itself first. */
export function withDependencies(file: DescFile): DescFile[] {
  const all = new Set([file]);
  // A set goes on with what is added meanwhile.
  for (const { dependencies } of all) for (const dependency of dependencies) all.add(dependency);
  return [...all];
}

/** A google.protobuf.FileDescriptorProto in bytes. */
export function fileBytes(file: DescFile): Uint8Array {
  return toBinary(FileDescriptorProtoSchema, file.proto);
}

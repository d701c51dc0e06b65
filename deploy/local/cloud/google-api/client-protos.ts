import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/** A field as protobufjs writes it. */
interface Field {
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A message or namespace as protobufjs writes it. */
interface Node {
  readonly nested?: Readonly<Record<string, Node>>;
  readonly fields?: Readonly<Record<string, Field>>;
}

/** The protos that come with a Google client package. */
interface ClientProtos {
  /** As protobufjs reads them. */
  readonly json: object;
  /** The fields of a message by its full name. @throws where there is no such message. */
  message(fullName: string): Readonly<Record<string, Field>>;
}

/** Reads the protos of a Google client package. @throws where it is not installed. */
export function clientProtos(packageName: string): ClientProtos {
  const manifest = findPackageJSON(packageName, import.meta.url);
  if (manifest === undefined) throw new Error(`${packageName} is not installed: run npm ci`);
  // Read as a file, because not every client package exports it.
  const json = JSON.parse(readFileSync(join(dirname(manifest), 'build/protos/protos.json'), 'utf8')) as Node;
  return {
    json,
    message: (fullName) => {
      const node = fullName.split('.').reduce<Node | undefined>((inner, name) => inner?.nested?.[name], json);
      if (node?.fields === undefined) throw new Error(`${packageName} has no message ${fullName}`);
      return node.fields;
    },
  };
}

import protobuf from 'protobufjs';
import { messagesOf, type ProtoNode } from '../client-protos.ts';

const { converter, decoder, encoder, Root, Type } = protobuf;

/** What protobufjs generates for a message: the text of each function. */
const generators = {
  ctor: (type: protobuf.Type) => Type.generateConstructor(type),
  fromObject: converter.fromObject,
  encode: encoder,
  decode: decoder,
  toObject: converter.toObject,
} satisfies Record<string, (type: protobuf.Type) => { toString(): string }>;

/** One of the functions that protobufjs has for each message. */
type Generated = keyof typeof generators;

/** A client writes what it sends, and reads what it gets. */
const toSend = ['ctor', 'fromObject', 'encode'] as const satisfies Generated[];
const toReceive = ['ctor', 'decode', 'toObject'] as const satisfies Generated[];

/**
 * The protos of a client as a module, CommonJS. A message has `compiled` beside its fields, with the functions that protobufjs would otherwise generate and compile in each
 * start when it first needs them: each makes one, from the variables that protobufjs gives to the source which it generates.
 */
export function compiledMessages(protos: ProtoNode, services: readonly string[]): string {
  const root = Root.fromJSON(protos as Parameters<typeof Root.fromJSON>[0]).resolveAll();
  const { requests, responses } = messagesOf(protos, services);
  const names = [...requests.union(responses)].toSorted();
  return [
    `const protos = ${JSON.stringify(protos)};`,
    'const message = (name) => name.split(".").reduce((node, part) => node.nested[part], protos);',
    ...names.map((name) => {
      const wanted = new Set<Generated>([...(requests.has(name) ? toSend : []), ...(responses.has(name) ? toReceive : [])]);
      const functions = [...wanted].map(
        (made) => `${made}: ({ Reader, Writer, types, util } = {}) => ${generators[made](root.lookupType(name))}`,
      );
      return `message(${JSON.stringify(name)}).compiled = { ${functions.join(', ')} };`;
    }),
    'module.exports = protos;',
  ].join('\n');
}

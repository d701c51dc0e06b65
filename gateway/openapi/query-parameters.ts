import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { JsonObject } from '../bootstrap/json.ts';
import { requiredFields } from './rules.ts';
import { isSetByClients, sampleField } from './samples.ts';
import type { Schemas } from './schemas.ts';
import { knownTypes } from './well-known.ts';

/**
 * The fields of a request that neither the path nor the body sets, as the transcoder takes them from the query: those of messages inside by names with dots,
 * lists by repeating the name. Maps and lists of messages have no form there.
 *
 * @param taken fields that something else sets, by their paths in the proto's names.
 */
export function queryParameters(input: DescMessage, taken: readonly string[], schemas: Schemas): JsonObject[] {
  return parametersOf(input, taken, schemas, { proto: '', json: '' }, []);
}

function parametersOf(
  message: DescMessage,
  taken: readonly string[],
  schemas: Schemas,
  above: { readonly proto: string; readonly json: string },
  parents: readonly DescMessage[],
): JsonObject[] {
  const required = parents.length === 0 ? requiredFields(message) : new Set<string>();
  return message.fields.flatMap((field) => {
    const path = `${above.proto}${field.name}`;
    const name = `${above.json}${field.jsonName}`;
    if (taken.includes(path) || !isSetByClients(field)) return [];
    if (field.fieldKind === 'message' && !isText(field)) {
      // The transcoder knows no end of these, a document has to.
      if ([...parents, message].includes(field.message) || knownTypes.has(field.message.typeName)) return [];
      return parametersOf(field.message, taken, schemas, { proto: `${path}.`, json: `${name}.` }, [...parents, message]);
    }
    if (field.fieldKind === 'map' || (field.fieldKind === 'list' && field.message !== undefined && !isText(field))) return [];
    const { description, deprecated, ...schema } = schemas.field(field, 'request');
    const example = sampleField(field);
    return [
      {
        name,
        in: 'query',
        ...(required.has(field.name) && { required: true }),
        ...(description !== undefined && { description }),
        ...(deprecated === true && { deprecated }),
        schema,
        ...(example !== undefined && required.has(field.name) && { example }),
      },
    ];
  });
}

/** Whether a message is written as a text or a number, which a query can have. */
function isText({ message }: DescField): boolean {
  const type = message === undefined ? undefined : knownTypes.get(message.typeName)?.schema['type'];
  return type !== undefined && type !== 'object' && type !== 'array';
}

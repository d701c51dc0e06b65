import { type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import { isReflectMessage, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { isStorable, storableRule } from '../../contracts/storable-text.ts';
import type { FieldViolation } from '../errors/rpc-error.ts';

/**
 * The texts of a request that no database of ours can hold, wherever they are: fields, elements, keys and values of maps, the inside of messages and of
 * google.protobuf.Struct. What a Struct's path names is how the proto writes it: `key.public_key.fields["x"].string_value`.
 */
export function textViolations(schema: DescMessage, message: Message): FieldViolation[] {
  const violations: FieldViolation[] = [];
  visit(reflect(schema, message), '', (field) => violations.push({ field, description: storableRule }));
  return violations;
}

type Report = (path: string) => void;

function visit(message: ReflectMessage, prefix: string, report: Report): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const path = `${prefix}${field.name}`;
    switch (field.fieldKind) {
      case 'scalar':
      case 'message':
        visitValue(message.get(field), path, report);
        break;
      case 'list':
        for (const [index, value] of [...message.get(field)].entries()) visitValue(value, `${path}[${index}]`, report);
        break;
      case 'map':
        for (const [key, value] of message.get(field)) {
          // A key at fault is not shown: the path goes into headers and logs.
          const isKeyAtFault = field.mapKey === ScalarType.STRING && !isStorable(String(key));
          if (isKeyAtFault) report(path);
          else visitValue(value, `${path}[${JSON.stringify(key)}]`, report);
        }
        break;
    }
  }
}

function visitValue(value: unknown, path: string, report: Report): void {
  if (typeof value === 'string') {
    if (!isStorable(value)) report(path);
  } else if (isReflectMessage(value)) {
    visit(value, `${path}.`, report);
  }
}

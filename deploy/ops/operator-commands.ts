import { type DescField, type DescMethod, ScalarType } from '@bufbuild/protobuf';
import { Access } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { parseHttpTemplate } from '../../services/platform/contracts/http-template.ts';
import { listMethods, type Method } from '../../services/platform/contracts/methods.ts';

/** A field of a request, as an option of the command line. */
interface FieldOption {
  /** "page-size" of page_size. */
  readonly name: string;
  readonly field: DescField;
  /** What it takes. */
  readonly takes: 'TEXT' | 'NUMBER' | 'true|false' | 'NAME' | 'JSON';
}

/** A resource that a method's path names, as an argument of the command line. */
interface NameArgument {
  readonly field: DescField;
  /** What its value looks like: "partners/*". */
  readonly pattern: string;
}

/** A method for operators, as a command. */
export interface OperatorCommand {
  /** "list-dead-letters" of ListDeadLetters. */
  readonly name: string;
  readonly method: DescMethod;
  readonly names: readonly NameArgument[];
  readonly options: readonly FieldOption[];
}

/** Every method for operators that the edge gateway serves, by name. */
export function operatorCommands(methods: readonly Method[] = listMethods()): readonly OperatorCommand[] {
  return methods
    .filter(({ policy, http }) => policy?.access === Access.OPERATOR && http !== undefined)
    .map(commandOf)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function commandOf({ desc, http }: Method): OperatorCommand {
  const { segments, variables } = parseHttpTemplate(typeof http?.pattern.value === 'string' ? http.pattern.value : '');
  // What names a field of a field, such as deal.name, is given with that field.
  const names = variables.flatMap(({ field: name, from, to }) => {
    const field = desc.input.fields.find((candidate) => candidate.name === name);
    return field === undefined ? [] : [{ field, pattern: segments.slice(from, to).join('/') }];
  });
  return {
    name: desc.name.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase(),
    method: desc,
    names,
    options: desc.input.fields
      // Pages are followed to the last one.
      .filter((field) => field.name !== 'page_token' && names.every((argument) => argument.field !== field))
      .map((field) => ({ name: field.name.replaceAll('_', '-'), field, takes: takenBy(field) })),
  };
}

/** Messages whose JSON is a text. */
const writtenAsText = new Set(['google.protobuf.Duration', 'google.protobuf.FieldMask', 'google.protobuf.Timestamp']);

function takenBy(field: DescField): FieldOption['takes'] {
  if (field.fieldKind === 'enum') return 'NAME';
  if (field.fieldKind === 'message' && writtenAsText.has(field.message.typeName)) return 'TEXT';
  if (field.fieldKind !== 'scalar') return 'JSON';
  if (field.scalar === ScalarType.BOOL) return 'true|false';
  return field.scalar === ScalarType.STRING ? 'TEXT' : 'NUMBER';
}

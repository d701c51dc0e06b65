import { type DescEnum, type DescExtension, type DescField, type DescFile, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';

/**
 * Prints a file descriptor as .proto source: names, numbers, types and extension ranges, without options and comments.
 *
 * protovalidate publishes `buf/validate/validate.proto` on npm as a descriptor only, and buf compiles sources only.
 */
export function printProto(file: DescFile): string {
  const out = [
    `// Printed from the descriptor of ${file.name}.proto. Do not edit.`,
    file.edition === 998 ? 'syntax = "proto2";' : 'syntax = "proto3";',
    `package ${file.proto.package};`,
    ...file.dependencies.map((dependency) => `import "${dependency.name}.proto";`),
    ...file.enums.flatMap(printEnum),
    ...file.messages.flatMap(printMessage),
    ...file.extensions.flatMap(printExtension),
  ];
  return `${out.join('\n')}\n`;
}

function printEnum(desc: DescEnum): string[] {
  return [`enum ${desc.name} {`, ...desc.values.map((value) => `  ${value.name} = ${value.number};`), '}'];
}

function printMessage(desc: DescMessage): string[] {
  const loose = desc.fields.filter((field) => field.oneof === undefined);
  return [
    `message ${desc.name} {`,
    ...desc.nestedEnums.flatMap(printEnum),
    ...desc.nestedMessages.flatMap(printMessage),
    ...loose.map((field) => `  ${label(field)}${typeName(field)} ${field.name} = ${field.number};`),
    ...desc.oneofs.flatMap((oneof) => [
      `  oneof ${oneof.name} {`,
      ...oneof.fields.map((field) => `    ${typeName(field)} ${field.name} = ${field.number};`),
      '  }',
    ]),
    ...desc.proto.extensionRange.map(({ start, end }) => `  extensions ${start} to ${end > 536870911 ? 'max' : end - 1};`),
    '}',
  ];
}

function printExtension(desc: DescExtension): string[] {
  return [`extend .${desc.extendee.typeName} {`, `  ${label(desc)}${typeName(desc)} ${desc.name} = ${desc.number};`, '}'];
}

function label(field: DescField | DescExtension): string {
  if (field.fieldKind === 'map') return '';
  if (field.fieldKind === 'list') return 'repeated ';
  return field.presence === Presence.IMPLICIT ? '' : 'optional ';
}

function typeName(field: DescField | DescExtension): string {
  const scalar = (type: ScalarType) => ScalarType[type].toLowerCase();
  const element = () => field.message?.typeName ?? field.enum?.typeName;
  if (field.fieldKind === 'map') {
    return `map<${scalar(field.mapKey)}, ${element() ?? (field.mapKind === 'scalar' ? scalar(field.scalar) : '')}>`;
  }
  const named = element();
  if (named !== undefined) return `.${named}`;
  return field.scalar === undefined ? '' : scalar(field.scalar);
}

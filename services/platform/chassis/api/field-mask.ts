import type { DescField, DescMessage, Message, MessageShape } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import type { FieldMask } from '@bufbuild/protobuf/wkt';
import { invalidArgument } from '../errors/rpc-error.ts';

/**
 * Copies the masked fields of `source` onto `target`, as AIP-134 asks of update methods: without a mask those that are set, with "*" all of them.
 * A masked field that is not set in `source` is cleared.
 *
 * @param allowed the fields that may be changed, by their proto names; paths may go deeper.
 * @throws {RpcError} INVALID_ARGUMENT for a path that does not exist or may not be changed.
 */
export function applyFieldMask<D extends DescMessage>(
  schema: D,
  target: MessageShape<D>,
  source: MessageShape<D>,
  mask: FieldMask | undefined,
  allowed: readonly string[],
): void {
  for (const path of maskedPaths(schema, source, mask, allowed)) {
    const [first = '', ...rest] = path.split('.');
    if (!allowed.includes(first)) throw unknownPath(path, allowed);
    copy(schema, target, source, [first, ...rest], () => unknownPath(path, allowed));
  }
}

function maskedPaths(schema: DescMessage, source: Message, mask: FieldMask | undefined, allowed: readonly string[]): readonly string[] {
  if (mask === undefined || mask.paths.length === 0) {
    const view = reflect(schema, source);
    return schema.fields.filter((field) => allowed.includes(field.name) && view.isSet(field)).map((field) => field.name);
  }
  return mask.paths.includes('*') ? allowed : mask.paths;
}

function copy(schema: DescMessage, target: Message, source: Message, path: readonly string[], unknown: () => Error): void {
  const [name, ...rest] = path;
  const field = schema.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw unknown();
  const from = reflect(schema, source);
  const to = reflect(schema, target);
  if (rest.length === 0) {
    if (from.isSet(field)) setField(to, from, field);
    else to.clear(field);
    return;
  }
  if (field.fieldKind !== 'message') throw unknown();
  const inner = to.get(field).message;
  copy(field.message, inner, from.get(field).message, rest, unknown);
  to.set(field, reflect(field.message, inner));
}

function setField(to: ReturnType<typeof reflect>, from: ReturnType<typeof reflect>, field: DescField): void {
  to.set(field, from.get(field));
}

function unknownPath(path: string, allowed: readonly string[]): Error {
  return invalidArgument(`update_mask names ${path}, which cannot be changed`, [
    { field: 'update_mask', description: `accepted: ${allowed.join(', ')}` },
  ]);
}

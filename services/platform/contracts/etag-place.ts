import { type DescField, type DescMessage, type DescMethod, ScalarType } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';

/** Where a request has its etag: in a field of its own, or in the resource that it updates. */
type EtagPlace = readonly [etag: DescField] | readonly [resource: DescField, etag: DescField];

/** Where a method's requests have the etag that is checked (AIP-154); undefined where none is. What changes nothing has nothing to lose. */
export function etagPlace({ input, idempotency }: DescMethod): EtagPlace | undefined {
  if (idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS) return undefined;
  const own = etagField(input);
  if (own !== undefined) return [own];
  // A request that makes a resource has one as well, and there is nothing yet that it could be of.
  if (input.field['updateMask'] === undefined) return undefined;
  for (const resource of input.fields) {
    const etag = resource.fieldKind === 'message' ? etagField(resource.message) : undefined;
    if (etag !== undefined) return [resource, etag];
  }
  return undefined;
}

function etagField(message: DescMessage): DescField | undefined {
  return message.fields.find((field) => field.name === 'etag' && field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING);
}

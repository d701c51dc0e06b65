import { type DescField, type DescMessage, type DescMethod, type Message, ScalarType } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { invalidArgument } from '../errors/rpc-error.ts';
import type { Interceptor } from '../server/served-method.ts';

const header = 'if-match';

/** One strong etag (RFC 9110, section 8.8.3), as `etagOf` writes it. */
const strongEtag = /^"[!#-~]{1,62}"$/;

/**
 * Takes the header If-Match for the request's etag (AIP-154), so that a REST client can send back what it has read where HTTP has its place for it. "*" asks
 * for whatever there is, which is what a request without an etag does.
 */
export const ifMatch: Interceptor = (next, { desc }) => {
  // What changes nothing has nothing to lose.
  if (desc.proto.options?.idempotencyLevel === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS) return next;
  const place = etagPlace(desc);
  return (call) => {
    const value = call.header(header);
    if (value === undefined || value === '*') return next(call);
    if (place === undefined) throw refused('this method checks no etag: leave it out');
    if (!strongEtag.test(value)) throw refused('must be one etag as it was read, with its quotes, or *');
    setEtag(desc.input, call.request!, place, value);
    return next(call);
  };
};

function refused(description: string) {
  return invalidArgument(`${header}: ${description}`, [{ field: header, description }]);
}

/** Where a request has its etag: in a field of its own, or in the resource that it updates. */
type EtagPlace = readonly [etag: DescField] | readonly [resource: DescField, etag: DescField];

function etagPlace({ input }: DescMethod): EtagPlace | undefined {
  const own = etagOf(input);
  if (own !== undefined) return [own];
  // A request that makes a resource has one as well, and there is nothing yet that it could be of.
  if (input.field['updateMask'] === undefined) return undefined;
  for (const resource of input.fields) {
    const etag = resource.fieldKind === 'message' ? etagOf(resource.message) : undefined;
    if (etag !== undefined) return [resource, etag];
  }
  return undefined;
}

function etagOf(message: DescMessage): DescField | undefined {
  return message.fields.find((field) => field.name === 'etag' && field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING);
}

function setEtag(input: DescMessage, request: Message, place: EtagPlace, value: string): void {
  const [first, inner] = place;
  const whole = reflect(input, request);
  const [holder, etag] = inner === undefined ? [whole, first] : [whole.get(first), inner];
  // The validation has seen that the resource is there.
  if (!('message' in (holder as object))) return;
  const message = holder as typeof whole;
  const path = place.map(({ name }) => name).join('.');
  if (message.isSet(etag) && message.get(etag) !== value) {
    throw invalidArgument(`${path} and the header ${header} differ`, [
      { field: path, description: `must be that of ${header}, or left out` },
    ]);
  }
  message.set(etag, value);
}

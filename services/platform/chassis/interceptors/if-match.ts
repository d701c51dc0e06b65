import type { DescMessage, Message } from '@bufbuild/protobuf';
import { isReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { etagPlace } from '../../contracts/etag-place.ts';
import { streamsRequests } from '../../contracts/streams.ts';
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
  // What changes nothing has nothing to lose; a header of a whole stream says nothing of one request in it.
  if (desc.proto.options?.idempotencyLevel === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS || streamsRequests(desc)) return next;
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

function setEtag(input: DescMessage, request: Message, place: NonNullable<ReturnType<typeof etagPlace>>, value: string): void {
  const [first, inner] = place;
  const whole = reflect(input, request);
  const [holder, etag] = inner === undefined ? [whole, first] : [whole.get(first), inner];
  // The validation has seen that the resource is there.
  if (!isReflectMessage(holder)) return;
  const path = place.map(({ name }) => name).join('.');
  if (holder.isSet(etag) && holder.get(etag) !== value) {
    throw invalidArgument(`${path} and the header ${header} differ`, [
      { field: path, description: `must be that of ${header}, or left out` },
    ]);
  }
  holder.set(etag, value);
}

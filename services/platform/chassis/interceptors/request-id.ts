import { randomUUID } from 'node:crypto';
import { ScalarType } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { streamsRequests } from '../../contracts/streams.ts';
import type { Interceptor } from '../server/served-method.ts';

/** The gateway's own id of a request: it writes it, whatever a client sends, and sends the same one with each attempt. */
const gatewaysId = 'x-request-id';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Gives a request without a `request_id` one of its own (AIP-155: it is the client's to leave out). The gateway repeats what fails, for methods that may be
 * repeated, and its own id of the request is then the same: so that no attempt is taken for another request, ours is that one.
 */
export const requestId: Interceptor = (next, { desc }) => {
  // One id for many requests would make them one.
  if (streamsRequests(desc)) return next;
  const { input } = desc;
  const field = input.fields.find(({ name }) => name === 'request_id');
  if (field?.fieldKind !== 'scalar' || field.scalar !== ScalarType.STRING) return next;
  return (call) => {
    const request = reflect(input, call.request);
    if (!request.isSet(field)) {
      const given = call.header(gatewaysId);
      request.set(field, given !== undefined && uuid.test(given) ? given : randomUUID());
    }
    return next(call);
  };
};

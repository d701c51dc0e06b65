import { status } from '@grpc/grpc-js';
import { type ResourceTypes, resourceTypesOf } from '../../contracts/resource-types.ts';
import { cut, errorTrailers } from '../errors/error-trailers.ts';
import { RpcError, unavailable } from '../errors/rpc-error.ts';
import type { Interceptor, Outcome } from '../server/served-method.ts';

/**
 * Turns what was thrown into how the call ended: an RpcError as it says, an error that says of itself that it passes (`transient: true`, as a database that
 * cannot be reached does) into UNAVAILABLE, anything else into INTERNAL. Of the latter two the caller gets no word.
 */
export const errors: Interceptor = (next, { desc }) => {
  const resourceTypes = resourceTypesOf(desc.parent.file);
  return async (call) => {
    try {
      return await next(call);
    } catch (error) {
      if (error instanceof RpcError) {
        if (error.cause !== undefined) call.logger.warn({ err: error.cause, reason: error.reason }, error.message);
        return outcomeOf(error, resourceTypes);
      }
      if (isTransient(error)) {
        call.logger.warn({ err: error }, 'something that the handler needs cannot be reached');
        return outcomeOf(unavailable('something that this needs cannot be reached now: repeat it with back-off'), resourceTypes);
      }
      call.logger.error({ err: error }, 'a handler failed unexpectedly');
      return outcomeOf(new RpcError({ code: status.INTERNAL, reason: 'INTERNAL', message: 'internal error' }), resourceTypes);
    }
  };
};

function isTransient(error: unknown): boolean {
  return error instanceof Error && 'transient' in error && error.transient === true;
}

/** What is sent for an error. */
export function outcomeOf(error: RpcError, resourceTypes: ResourceTypes): Outcome {
  return { code: error.code, message: cut(error.message), trailers: errorTrailers(error, resourceTypes) };
}

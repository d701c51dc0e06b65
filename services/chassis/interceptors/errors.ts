import { status } from '@grpc/grpc-js';
import { cut, errorTrailers } from '../error-trailers.ts';
import { RpcError } from '../rpc-error.ts';
import type { Interceptor, Outcome } from '../served-method.ts';

/** Turns what was thrown into how the call ended: an RpcError as it says, anything else into INTERNAL without a word of it. */
export const errors: Interceptor = (next) => async (call) => {
  try {
    return await next(call);
  } catch (error) {
    if (error instanceof RpcError) {
      if (error.cause !== undefined) call.logger.warn({ err: error.cause, reason: error.reason }, error.message);
      return outcomeOf(error);
    }
    call.logger.error({ err: error }, 'a handler failed unexpectedly');
    return outcomeOf(new RpcError({ code: status.INTERNAL, reason: 'INTERNAL', message: 'internal error' }));
  }
};

/** What is sent for an error. */
export function outcomeOf(error: RpcError): Outcome {
  return { code: error.code, message: cut(error.message), trailers: errorTrailers(error) };
}

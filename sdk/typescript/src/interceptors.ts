import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { TokenSource } from './partner-token.js';

/** Sends the caller's token. One that is refused is renewed once: the call has not been made then. */
export function authorization(tokens: TokenSource): Interceptor {
  return (next) => async (request) => {
    const token = await tokens.token();
    request.header.set('authorization', `Bearer ${token}`);
    try {
      return await next(request);
    } catch (error) {
      if (ConnectError.from(error).code !== Code.Unauthenticated || request.stream) throw error;
      tokens.refuse(token);
      request.header.set('authorization', `Bearer ${await tokens.token()}`);
      return await next(request);
    }
  };
}

/** Attempts of one call, the first included. */
const maxAttempts = 4;

/**
 * Repeats a call that could not be answered (UNAVAILABLE) with back-off, where the proto says that repeating does no harm (`idempotency_level`). Streams go on
 * from their last `resume_token`, which only their reader knows.
 */
export function retries(wait: (milliseconds: number) => Promise<void> = sleep): Interceptor {
  return (next) => async (request) => {
    const mayRepeat = !request.stream && request.method.idempotency !== Idempotency.IDEMPOTENCY_UNKNOWN;
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(request);
      } catch (error) {
        const passes = ConnectError.from(error).code === Code.Unavailable;
        if (!mayRepeat || !passes || attempt === maxAttempts || request.signal.aborted) throw error;
        // Full jitter: clients that failed together do not come back together.
        await wait(Math.random() * 100 * 2 ** attempt);
      }
    }
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

import type { Interceptor } from '../server/served-method.ts';
import { type CallLogOptions, callLog } from '../telemetry/call-log.ts';

/** One line for each call when it has ended. Says who calls by kind and opaque id only. */
export function logging(options: CallLogOptions): Interceptor {
  const ofMethod = callLog(options);
  return (next, method) => {
    const log = ofMethod(method);
    return async (call) => {
      // Not `performance`, whose module the first call would have to wait for.
      const startedAt = process.hrtime.bigint();
      const outcome = await next(call);
      log(call, outcome.code, Number(process.hrtime.bigint() - startedAt) / 1e6);
      return outcome;
    };
  };
}

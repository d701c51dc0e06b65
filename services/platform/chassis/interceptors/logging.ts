import type { Interceptor } from '../server/served-method.ts';
import { type CallLogOptions, callLog } from '../telemetry/call-log.ts';
import { callMetrics } from '../telemetry/call-metrics.ts';

/** One line and one measurement for each call when it has ended. The line says who calls by kind and opaque id only. */
export function logging(options: CallLogOptions): Interceptor {
  const logOf = callLog(options);
  const recorderOf = callMetrics();
  return (next, method) => {
    const log = logOf(method);
    const record = recorderOf(method);
    return async (call) => {
      // Not `performance`, whose module the first call would have to wait for.
      const startedAt = process.hrtime.bigint();
      const outcome = await next(call);
      const durationMs = Number(process.hrtime.bigint() - startedAt) / 1e6;
      log(call, outcome.code, durationMs);
      record(outcome.code, durationMs);
      return outcome;
    };
  };
}

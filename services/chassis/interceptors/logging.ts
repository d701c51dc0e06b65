import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { traceFields } from '../logger.ts';
import type { Interceptor } from '../served-method.ts';

type Level = 'info' | 'warn' | 'error';

/** What an operator should look at; every other code is part of a normal day. */
const levels: Readonly<Partial<Record<status, Level>>> = {
  [status.UNKNOWN]: 'error',
  [status.INTERNAL]: 'error',
  [status.DATA_LOSS]: 'error',
  [status.DEADLINE_EXCEEDED]: 'warn',
  [status.UNAVAILABLE]: 'warn',
  [status.UNIMPLEMENTED]: 'warn',
};

/** One line for each call when it has ended. Says who calls by kind and opaque id only. */
export function logging(logger: Logger, project: string): Interceptor {
  return (next, { fullName }) =>
    async (call) => {
      const startedAt = performance.now();
      const outcome = await next(call);
      const code = status[outcome.code];
      logger[levels[outcome.code] ?? 'info'](
        {
          method: fullName,
          code,
          durationMs: Math.round((performance.now() - startedAt) * 1_000) / 1_000,
          callerKind: call.caller.kind,
          callerId: call.callerId,
          ...traceFields(call.spanContext, project),
        },
        `${fullName} ${code}`,
      );
      return outcome;
    };
}

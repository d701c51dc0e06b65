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
export function logging(root: Logger, project: string): Interceptor {
  return (next, { desc, fullName }) => {
    // A child turns the field into JSON once.
    const logger = root.child({ method: fullName });
    return async (call) => {
      const startedAt = performance.now();
      const outcome = await next(call);
      const code = status[outcome.code];
      const fields = traceFields(call.spanContext, project);
      fields.code = code;
      fields.durationMs = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
      fields.callerKind = call.caller.kind;
      fields.callerId = call.callerId;
      logger[levels[outcome.code] ?? 'info'](fields, `${desc.name} ${code}`);
      return outcome;
    };
  };
}

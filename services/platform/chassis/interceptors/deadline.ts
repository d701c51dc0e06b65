import type { Interceptor } from '../server/served-method.ts';
import { deadlineExceeded } from '../server/server-call.ts';

/** Answers in time whatever the handler does: at the earlier of the client's deadline and the method's own, or when the call is ended from outside. */
export const deadline: Interceptor =
  (next, { deadlineMs }) =>
  async (call) => {
    if (call.ended !== undefined) throw call.ended;
    call.deadlineAt = Math.min(call.incoming.clientDeadline, call.incoming.receivedAt + deadlineMs);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        call.onEnd = reject;
        timer = setTimeout(() => call.end(deadlineExceeded()), call.deadlineAt - Date.now());
        next(call).then(resolve, reject);
      });
    } finally {
      clearTimeout(timer);
      call.onEnd = undefined;
    }
  };

import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { OpenCalls } from '../server/open-calls.ts';
import type { Interceptor, Outcome } from '../server/served-method.ts';
import { deadlineExceeded, type ServerCall } from '../server/server-call.ts';

/** Answers in time whatever the handler does: at the earlier of the client's deadline and the method's own, or when the call is ended from outside. */
export function deadline(): Interceptor {
  const timer = new DeadlineTimer();
  return (next, { deadlineMs }) =>
    async (call) => {
      if (call.ended !== undefined) throw call.ended;
      call.deadlineAt = Math.min(call.incoming.clientDeadline, call.incoming.receivedAt + deadlineMs);
      const place = timer.add(call);
      try {
        return await new Promise<Outcome>((resolve, reject) => {
          call.onEnd = reject;
          next(call).then(resolve, reject);
        });
      } finally {
        timer.delete(place);
        call.onEnd = undefined;
      }
    };
}

/** Ends calls at their deadlines. One timer serves all that are open, set to the earliest: hardly any call lives that long, and one each would be set in vain. */
class DeadlineTimer {
  readonly #calls = new OpenCalls();
  #timer: NodeJS.Timeout | undefined;
  /** When it fires, in milliseconds since the epoch. The call that it was set for may be answered by then. */
  #firesAt = Number.POSITIVE_INFINITY;

  /** Tells the place, by which the call is taken out again. */
  add(call: ServerCall): number {
    if (call.deadlineAt < this.#firesAt) this.#set(call.deadlineAt);
    return this.#calls.add(call);
  }

  delete(place: number): void {
    this.#calls.delete(place);
    if (this.#calls.size === 0) this.#set(Number.POSITIVE_INFINITY);
  }

  #set(firesAt: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = firesAt;
    if (firesAt === Number.POSITIVE_INFINITY) return;
    // In the trace of no call: it ends any of them.
    this.#timer = context.with(ROOT_CONTEXT, () => setTimeout(() => this.#fire(), firesAt - Date.now()));
  }

  #fire(): void {
    // Should the clock have been set back meanwhile, a deadline has passed all the same.
    const now = Math.max(Date.now(), this.#firesAt);
    let earliest = Number.POSITIVE_INFINITY;
    for (const call of this.#calls) {
      if (call.deadlineAt <= now) call.end(deadlineExceeded());
      else earliest = Math.min(earliest, call.deadlineAt);
    }
    this.#set(earliest);
  }
}

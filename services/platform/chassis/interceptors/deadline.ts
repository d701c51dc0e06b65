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

/**
 * Ends calls at their deadlines. One timer serves all that are open: it is set to the earliest, and stays when that call is answered, as nearly all are. So a busy
 * server sets one every few seconds, not one for each call.
 */
class DeadlineTimer {
  readonly #calls = new OpenCalls();
  #timer: NodeJS.Timeout | undefined;
  /** When it fires, in milliseconds since the epoch. */
  #firesAt = Number.POSITIVE_INFINITY;

  /** Tells the place, by which the call is taken out again. */
  add(call: ServerCall): number {
    if (call.deadlineAt < this.#firesAt) this.#set(call.deadlineAt);
    return this.#calls.add(call);
  }

  delete(place: number): void {
    this.#calls.delete(place);
  }

  #set(firesAt: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = firesAt;
    // In the trace of no call: it ends any of them. It keeps no process from ending: calls do, by their connections.
    this.#timer = context.with(ROOT_CONTEXT, () => setTimeout(() => this.#fire(), firesAt - Date.now()).unref());
  }

  #fire(): void {
    // Should the clock have been set back meanwhile, a deadline has passed all the same.
    const now = Math.max(Date.now(), this.#firesAt);
    this.#firesAt = Number.POSITIVE_INFINITY;
    let earliest = Number.POSITIVE_INFINITY;
    for (const call of this.#calls) {
      if (call.deadlineAt <= now) call.end(deadlineExceeded());
      else earliest = Math.min(earliest, call.deadlineAt);
    }
    if (earliest < this.#firesAt) this.#set(earliest);
  }
}

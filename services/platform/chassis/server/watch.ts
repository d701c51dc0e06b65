import { unsampled } from '../../contracts/traceparent.ts';

/** One change with where the stream stands after it. */
export interface Change<T, P> {
  readonly value: T;
  readonly position: P;
}

/** A change, or a heartbeat (`value` undefined). `position` is undefined only before the first change of a stream that began nowhere. */
interface WatchMessage<T, P> {
  readonly value: T | undefined;
  readonly position: P | undefined;
}

/** What to watch. */
interface WatchOptions<T, P> {
  /** Reads the changes after a position, oldest first; from the beginning where it is undefined. Its errors end the stream. */
  readonly read: (since: P | undefined) => Promise<readonly Change<T, P>[]>;
  /** Where to begin: the position of a resume token. */
  readonly since?: P | undefined;
  /** The handler's `call.signal`. */
  readonly signal: AbortSignal;
  /** Pause between reads; 500 by default, which shows another instance's change within a second. */
  readonly intervalMs?: number;
  /** Silence after which a heartbeat is sent; 15,000 by default, below the idle limits on the way. */
  readonly heartbeatMs?: number;
}

/**
 * Polls for changes: yields those that are there, or a heartbeat, at once, then each change, with heartbeats between. Ends when the signal aborts.
 * The reads leave no spans: a stream of an hour has thousands.
 *
 *     for await (const { value, position } of watch({ read, signal: call.signal })) yield { order: value, resumeToken: … };
 */
export async function* watch<T, P>(options: WatchOptions<T, P>): AsyncGenerator<WatchMessage<T, P>, void, void> {
  const { read, signal, intervalMs = 500, heartbeatMs = 15_000 } = options;
  let position = options.since;
  let nextHeartbeat = 0;
  while (!signal.aborted) {
    for (const change of await unsampled(() => read(position))) {
      if (signal.aborted) return;
      position = change.position;
      yield change;
      nextHeartbeat = Date.now() + heartbeatMs;
    }
    if (Date.now() >= nextHeartbeat) {
      yield { value: undefined, position };
      nextHeartbeat = Date.now() + heartbeatMs;
    }
    await pause(Math.min(intervalMs, heartbeatMs), signal);
  }
}

/** Resolves after the time, or when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

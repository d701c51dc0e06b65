/** A server of the local cloud or of the outside world. All listen on 127.0.0.1 only. */
export interface LocalServer {
  /** The bound port, also where port 0 was asked for. */
  readonly port: number;
  /** Stops listening, ends open connections and releases its state. */
  close(): Promise<void>;
}

/** Time as the local cloud knows it, so that tests and people need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs` of this clock; the result cancels. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/** Mints a Google ID token for a service account: what Pub/Sub, Cloud Tasks and Cloud Scheduler put into `Authorization`. */
export type MintIdToken = (email: string, audience: string) => Promise<string>;

import type { Clock } from '../../../shared/local-server.ts';

/** Who holds, or waits for, the lock. */
export interface LockHolder {
  /** The lock was taken away, because the holder was idle while others waited. */
  expelled(): void;
}

/** A holder that is silent this long loses the lock to one who waits. */
const IDLE_LIMIT_WHEN_OTHERS_WAIT_MS = 2_000;

interface Waiter {
  readonly holder: LockHolder;
  readonly grant: () => void;
}

/** One lock, granted in the order in which it was asked for. */
export class LockQueue {
  readonly #clock: Clock;
  readonly #waiters: Waiter[] = [];
  #holder: LockHolder | undefined;
  #lastUsed = 0;
  #cancelCheck: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for the lock.
   *
   * @param signal Gives up waiting; the result is then false.
   */
  async acquire(holder: LockHolder, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#holder === undefined) {
      this.#grantTo(holder);
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter: Waiter = { holder, grant: () => resolve(true) };
    const giveUp = () => {
      const position = this.#waiters.indexOf(waiter);
      if (position >= 0) this.#waiters.splice(position, 1);
      resolve(false);
    };
    this.#waiters.push(waiter);
    signal.addEventListener('abort', giveUp, { once: true });
    this.#watchHolder();
    const granted = await promise;
    signal.removeEventListener('abort', giveUp);
    return granted;
  }

  /** Passes the lock on, where this holder has it. */
  release(holder: LockHolder): void {
    if (this.#holder !== holder) return;
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
    const next = this.#waiters.shift();
    this.#grantTo(next?.holder);
    next?.grant();
  }

  /** The holder has been heard of. */
  touch(holder: LockHolder): void {
    if (this.#holder === holder) this.#lastUsed = this.#clock.now();
  }

  /** Stops watching. Nobody is granted the lock any more. */
  close(): void {
    this.#waiters.length = 0;
    this.#cancelCheck?.();
  }

  #grantTo(holder: LockHolder | undefined): void {
    this.#holder = holder;
    this.#lastUsed = this.#clock.now();
    this.#watchHolder();
  }

  /** Looks at the holder as soon as it may be idle for too long, while anybody waits. */
  #watchHolder(): void {
    const holder = this.#holder;
    if (holder === undefined || this.#waiters.length === 0 || this.#cancelCheck !== undefined) return;
    const idleAt = this.#lastUsed + IDLE_LIMIT_WHEN_OTHERS_WAIT_MS;
    this.#cancelCheck = this.#clock.schedule(Math.max(0, idleAt - this.#clock.now()), () => {
      this.#cancelCheck = undefined;
      if (this.#waiters.length > 0 && this.#clock.now() - this.#lastUsed >= IDLE_LIMIT_WHEN_OTHERS_WAIT_MS) {
        holder.expelled();
        this.release(holder);
      } else this.#watchHolder();
    });
  }
}

import { utf8 } from "../../abi/memory";
import { TokenReply, TokenSource } from "./token-source";

/** A token is not used in its last seconds: clocks differ, and the request still has to travel. */
const MARGIN_MS: f64 = 30_000;
/** The metadata server answers from its own cache until shortly before the end, so that asking much earlier gains nothing. */
const REFRESH_AHEAD_MS: f64 = 240_000;
/** An `exp` that is absurdly far away must not stop the refreshing. */
const MAX_REFRESH_INTERVAL_MS: f64 = 3_600_000;
const MIN_REFRESH_INTERVAL_MS: f64 = 5_000;

/** How long each attempt may take. With the pauses between them, all attempts of whoever waits end within five seconds. */
const ATTEMPT_TIMEOUTS_MS: StaticArray<u32> = [2_000, 2_000, 500];
const RETRY_BASE_MS: f64 = 100;
const NEGATIVE_BASE_MS: f64 = 1_000;
const NEGATIVE_MAX_MS: f64 = 5_000;

/** A stream that waits for a token. */
export class Waiter {
  constructor(readonly stream: u32, /** When it gives up. */ readonly until: f64) {}
}

/**
 * One token and everything about getting it: when it can be used, when it is refreshed, who waits for it, when to try again. Knows no host; time
 * (milliseconds since the epoch) and chance (0 to 1) are arguments.
 */
export class CachedToken {
  /** In the order in which they came. */
  waiters: Waiter[] = [];
  /** "Bearer …", as bytes. */
  header: ArrayBuffer = new ArrayBuffer(0);
  /** As of the last look at the clock, which is not asked for each request. */
  usable: bool = false;
  fetching: bool = false;
  /** The id of the call, while one runs. */
  call: u32 = 0;
  /** When the attempt that runs has begun, and how long it may take. */
  startedAt: f64 = 0;
  timeoutMs: u32 = 0;
  private usableUntil: f64 = 0;
  private refreshAt: f64 = 0;
  private nextAttemptAt: f64 = 0;
  private deniedUntil: f64 = 0;
  private attempts: i32 = 0;
  private failuresInRow: i32 = 0;

  constructor(readonly source: TokenSource) {}

  /** Notes what has come to its end. */
  look(now: f64): void {
    if (now >= this.usableUntil) this.usable = false;
  }

  /** Negative caching: getting this token failed just now. */
  denied(now: f64): bool { return now < this.deniedUntil; }

  /** Whether a fetch should start: someone waits, nothing is there, or it is time to refresh; and no fetch runs and no back-off holds. */
  due(now: f64): bool {
    if (this.fetching || now < this.nextAttemptAt) return false;
    return this.waiters.length > 0 || now >= this.refreshAt;
  }

  /** Begins an attempt. */
  start(now: f64): void {
    this.fetching = true;
    this.startedAt = now;
    this.timeoutMs = ATTEMPT_TIMEOUTS_MS[min(this.attempts, ATTEMPT_TIMEOUTS_MS.length - 1)];
    this.attempts++;
  }

  /** Takes over a good reply. Returns what is wrong with it otherwise, "" where nothing is. */
  accept(reply: TokenReply, now: f64, chance: f64): string {
    if (reply.fault != "") return reply.fault;
    const usableUntil = reply.expiresAt - MARGIN_MS;
    if (usableUntil <= now) return "the token has expired, or is about to";
    this.fetching = false;
    this.attempts = 0;
    this.failuresInRow = 0;
    this.deniedUntil = 0;
    this.header = utf8("Bearer " + reply.token);
    this.usable = true;
    this.usableUntil = usableUntil;
    // Instances that started together must not refresh together: between 100 % and 75 % of the time ahead is left.
    const ahead = Math.min(REFRESH_AHEAD_MS, (reply.expiresAt - now) / 4) * (1 - chance / 4);
    const wait = Math.max(Math.min(reply.expiresAt - ahead - now, MAX_REFRESH_INTERVAL_MS), MIN_REFRESH_INTERVAL_MS);
    this.refreshAt = now + wait;
    this.nextAttemptAt = 0;
    return "";
  }

  /** Notes a failed attempt. True where it was the last one: the waiters are to be refused, and new requests for a short while too. */
  failed(now: f64, chance: f64, retryable: bool): bool {
    this.fetching = false;
    const jitter = 0.5 + chance / 2;
    if (retryable && this.waiters.length > 0 && this.attempts < ATTEMPT_TIMEOUTS_MS.length) {
      this.nextAttemptAt = now + RETRY_BASE_MS * ((1 << (this.attempts - 1)) as f64) * jitter;
      return false;
    }
    this.attempts = 0;
    const wait = Math.min(NEGATIVE_BASE_MS * ((1 << min(this.failuresInRow, 4)) as f64), NEGATIVE_MAX_MS) * jitter;
    this.failuresInRow++;
    this.nextAttemptAt = now + wait;
    this.deniedUntil = this.nextAttemptAt;
    return true;
  }

  /** Takes out all who wait. */
  takeWaiters(): Waiter[] {
    const waiters = this.waiters;
    this.waiters = [];
    return waiters;
  }

  /** Takes out those whose time is over. */
  takeExpired(now: f64): Waiter[] {
    const expired: Waiter[] = [];
    const left: Waiter[] = [];
    for (let i = 0; i < this.waiters.length; i++) {
      const waiter = this.waiters[i];
      if (now >= waiter.until) expired.push(waiter);
      else left.push(waiter);
    }
    if (expired.length > 0) this.waiters = left;
    return expired;
  }
}

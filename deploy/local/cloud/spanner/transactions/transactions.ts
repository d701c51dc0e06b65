import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { aborted, SpannerFailure } from '../api/spanner-failure.ts';
import type { Answer } from '../engine/postgres.ts';
import type { AbortPlan, AbortPoint } from './abort-plan.ts';
import type { CommitLog } from './commit-log.ts';
import type { Micros } from './commit-time.ts';
import type { LockHolder, LockQueue } from './lock-queue.ts';
import type { OpenTransaction, WriteLog } from './open-transaction.ts';

/** A transaction that stays silent this long is aborted at its next call. */
const IDLE_LIMIT_MS = 10_000;

/** Entries that no client asks for any more are dropped when there are more than this. */
const MAX_FORGOTTEN = 1_000;

/** A read-write transaction: its place in the lock's queue, and its write log. */
export class ReadWriteTransaction implements LockHolder {
  readonly id = randomUUID();
  log: WriteLog = { commitTime: undefined, writes: [] };
  /** Set from the moment it asks for the lock. */
  lock: Promise<boolean> | undefined;
  /** What the abort plan said when it was asked, at the transaction's first call. */
  fate: { readonly abortAt: AbortPoint | undefined } | undefined;
  /** Answers of its statements by sequence number: a statement that the client repeats must not run again. */
  readonly answers = new Map<string, Answer>();
  /** Bytes of the requests that wrote. */
  writtenBytes = 0;
  /** Why a statement failed: nothing can be done with the transaction but to roll it back. */
  failure: unknown;
  ended = false;
  lastUsed: number;
  readonly expelled: () => void;

  constructor(now: number, end: (transaction: ReadWriteTransaction) => void) {
    this.lastUsed = now;
    this.expelled = () => end(this);
  }
}

interface TransactionsOptions {
  readonly now: () => number;
  readonly queue: LockQueue;
  readonly open: OpenTransaction;
  readonly commits: CommitLog;
  readonly abortPlan: AbortPlan;
  readonly nextCommitTime: () => Micros;
}

/** The read-write transactions of the server. One at a time has the lock, from its first statement to its end. */
export class Transactions {
  readonly #options: TransactionsOptions;
  readonly #transactions = new Map<string, ReadWriteTransaction>();

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  /** Starts a transaction. It takes no lock before its first statement: clients begin transactions that they never use. */
  begin(): ReadWriteTransaction {
    if (this.#transactions.size > MAX_FORGOTTEN) this.#sweep();
    const transaction = new ReadWriteTransaction(this.#options.now(), (expelled) => this.end(expelled));
    this.#transactions.set(transaction.id, transaction);
    return transaction;
  }

  /**
   * Finds a transaction.
   *
   * @throws {SpannerFailure} ABORTED for an unknown one: the client then runs it again from its start, also after a restart of this server.
   */
  get(id: string): ReadWriteTransaction {
    const transaction = this.#transactions.get(id);
    if (transaction === undefined) throw aborted('the transaction is unknown: it was idle for too long, or this server was started again');
    if (transaction.failure !== undefined) throw transaction.failure;
    if (transaction.lock !== undefined && this.#options.now() - transaction.lastUsed > IDLE_LIMIT_MS) {
      this.end(transaction);
      throw aborted(`the transaction was idle for more than ${IDLE_LIMIT_MS / 1000} s`);
    }
    return transaction;
  }

  /**
   * Waits until the transaction has the lock. Its first call may be aborted by the plan.
   *
   * @throws {SpannerFailure} ABORTED where it ended while it waited, CANCELLED where the caller gave up.
   */
  async hold(transaction: ReadWriteTransaction, signal: AbortSignal): Promise<void> {
    transaction.lock ??= this.#options.queue.acquire(transaction, signal);
    const granted = await transaction.lock;
    if (transaction.ended) {
      this.#options.queue.release(transaction);
      throw aborted('the transaction ended while its statement waited');
    }
    if (!granted || signal.aborted) {
      this.end(transaction);
      throw new SpannerFailure(status.CANCELLED, 'the caller gave up waiting');
    }
    this.touch(transaction);
  }

  /**
   * Runs what needs the lock but is no transaction of a client.
   *
   * @param body May run a write with what it is given: that is committed at once.
   */
  async exclusively<T>(signal: AbortSignal, body: (commitAtOnce: (run: () => Answer) => Answer) => T): Promise<T> {
    const transaction = this.begin();
    await this.hold(transaction, signal);
    const { open } = this.#options;
    try {
      open.leave();
      return body((run) => {
        const answer = open.write(transaction.log, run);
        open.commit(transaction.log, () => {});
        transaction.log = { commitTime: undefined, writes: [] };
        return answer;
      });
    } finally {
      this.end(transaction);
    }
  }

  /** Aborts the transaction where the plan says so. */
  abortIfPlanned(transaction: ReadWriteTransaction, point: AbortPoint): void {
    transaction.fate ??= { abortAt: this.#options.abortPlan.next() };
    const { abortAt } = transaction.fate;
    if (abortAt === undefined || (point === 'statement' && abortAt === 'commit')) return;
    this.end(transaction);
    throw aborted(`aborted without a cause, at its ${point}, as Spanner may do at any time`);
  }

  /** Runs a read in the transaction, which has the lock: it sees the transaction's own writes. */
  read<T>(transaction: ReadWriteTransaction, run: () => T): T {
    return this.#guard(transaction, () => {
      if (transaction.log.writes.length > 0) this.#options.open.enter(transaction.log);
      return run();
    });
  }

  /** Runs a write in the transaction, which has the lock; answers a repeated one as the first time. */
  write(transaction: ReadWriteTransaction, sequence: string | undefined, bytes: number, run: () => Answer): Answer {
    const known = sequence === undefined ? undefined : transaction.answers.get(sequence);
    if (known !== undefined) return known;
    return this.#guard(transaction, () => {
      const answer = this.#options.open.write(transaction.log, run);
      transaction.writtenBytes += bytes;
      if (sequence !== undefined) transaction.answers.set(sequence, answer);
      return answer;
    });
  }

  /** Runs a read that belongs to no read-write transaction: it sees what is committed. */
  readCommitted<T>(run: () => T): T {
    this.#options.open.leave();
    return run();
  }

  /** Commits the transaction, which has the lock, with what `finish` checks and writes: that is asked only where anything was written, or `finishWrites`. */
  commit(transaction: ReadWriteTransaction, finish: (commitTime: Micros) => void, finishWrites: boolean): Micros {
    const { open, commits, nextCommitTime } = this.#options;
    this.abortIfPlanned(transaction, 'commit');
    if (transaction.log.writes.length === 0 && !finishWrites) {
      this.end(transaction);
      return nextCommitTime();
    }
    const commitTime = this.#guard(transaction, () =>
      open.commit(transaction.log, (time) => {
        finish(time);
        commits.record(transaction.id, time);
      }),
    );
    this.end(transaction);
    commits.committed(commitTime);
    return commitTime;
  }

  /** When this transaction was committed before. */
  committedBefore(id: string): Micros | undefined {
    return this.#transactions.has(id) ? undefined : this.readCommitted(() => this.#options.commits.find(id));
  }

  /** Rolls back what a client gave up. Unknown ones are none of its concern. */
  rollback(id: string): void {
    const transaction = this.#transactions.get(id);
    if (transaction !== undefined) this.end(transaction);
  }

  /** Forgets the transaction, with all it wrote and did not commit. */
  end(transaction: ReadWriteTransaction): void {
    transaction.ended = true;
    this.#transactions.delete(transaction.id);
    this.#free(transaction);
  }

  /** Ends all: nothing of theirs is committed. */
  close(): void {
    for (const transaction of this.#transactions.values()) this.end(transaction);
    this.#options.queue.close();
  }

  /** The client has been heard of. */
  touch(transaction: ReadWriteTransaction): void {
    transaction.lastUsed = this.#options.now();
    this.#options.queue.touch(transaction);
  }

  /** A failure ends what the transaction may do, but not what it answers: every later call is told the same. */
  #guard<T>(transaction: ReadWriteTransaction, run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof SpannerFailure && error.code === status.ABORTED) this.end(transaction);
      else {
        transaction.failure = error;
        this.#free(transaction);
      }
      throw error;
    }
  }

  #free(transaction: ReadWriteTransaction): void {
    this.#options.open.leaveIf(transaction.log);
    transaction.log = { commitTime: undefined, writes: [] };
    transaction.answers.clear();
    this.#options.queue.release(transaction);
  }

  #sweep(): void {
    const oldest = this.#options.now() - 6 * IDLE_LIMIT_MS;
    for (const transaction of this.#transactions.values()) {
      if (transaction.lastUsed < oldest) this.end(transaction);
    }
  }
}

import { aborted } from '../api/spanner-failure.ts';
import type { Answer, Postgres } from '../engine/postgres.ts';
import { type Micros, toRfc3339 } from './commit-time.ts';

/** What a transaction has written so far. It is the truth; PostgreSQL's own open transaction only repeats it. */
export interface WriteLog {
  /** The commit time, fixed at the first write, so that a repeated write writes the same. */
  commitTime: Micros | undefined;
  readonly writes: { readonly run: () => Answer; readonly answer: Answer }[];
}

/**
 * PostgreSQL's one open transaction, as a cache of one write log. Whoever reads from outside ends it first, so that nobody sees a dirty row;
 * the next statement of its owner builds it again.
 */
export class OpenTransaction {
  readonly #postgres: Postgres;
  readonly #nextCommitTime: () => Micros;
  #log: WriteLog | undefined;

  constructor(postgres: Postgres, nextCommitTime: () => Micros) {
    this.#postgres = postgres;
    this.#nextCommitTime = nextCommitTime;
  }

  /**
   * Makes PostgreSQL show what this log has written. Answers with its commit time.
   *
   * @throws {SpannerFailure} ABORTED where a write, repeated, does not answer as it did the first time (a volatile function, a default of now()).
   */
  enter(log: WriteLog): Micros {
    log.commitTime ??= this.#nextCommitTime();
    const { commitTime } = log;
    if (this.#log === log) return commitTime;
    this.leave();
    this.#postgres.execute(`BEGIN READ WRITE; SET LOCAL local_spanner.commit_time = '${toRfc3339(commitTime)}'`);
    this.#log = log;
    for (const write of log.writes) {
      if (!isSameAnswer(write.run(), write.answer)) {
        this.leave();
        throw aborted('a write answered otherwise when it was repeated');
      }
    }
    return commitTime;
  }

  /** Makes PostgreSQL show only what is committed. */
  leave(): void {
    if (this.#log === undefined) return;
    this.#log = undefined;
    this.#postgres.execute('ROLLBACK');
  }

  /** Drops what this log wrote, where it is the one that PostgreSQL shows. */
  leaveIf(log: WriteLog): void {
    if (this.#log === log) this.leave();
  }

  /** Runs a write of this log and remembers it. A write that fails ends the open transaction. */
  write(log: WriteLog, run: () => Answer): Answer {
    this.enter(log);
    try {
      const answer = run();
      log.writes.push({ run, answer });
      return answer;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /**
   * Commits this log, and what `finish` adds to it in the same transaction.
   *
   * @throws what `finish` throws; then nothing is committed.
   */
  commit(log: WriteLog, finish: (commitTime: Micros) => void): Micros {
    try {
      const commitTime = this.enter(log);
      finish(commitTime);
      this.#postgres.execute('COMMIT');
      this.#log = undefined;
      return commitTime;
    } catch (error) {
      this.leave();
      throw error;
    }
  }
}

function isSameAnswer(one: Answer, other: Answer): boolean {
  return one.rowCount === other.rowCount && JSON.stringify(one.rows) === JSON.stringify(other.rows);
}

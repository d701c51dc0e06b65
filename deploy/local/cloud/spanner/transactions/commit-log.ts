import type { Postgres } from '../engine/postgres.ts';
import type { Micros } from './commit-time.ts';

/** A client repeats a Commit within its deadline, which is an hour at most. */
const KEPT_MICROS = 3_600_000_000n;
const COMMITS_BETWEEN_HOUSEKEEPING = 5_000;

/** Which transactions were committed. Written in the commit itself: a client whose answer was lost, by a kill too, asks again and learns the truth. */
export class CommitLog {
  readonly #postgres: Postgres;
  #sinceHousekeeping = 0;

  constructor(postgres: Postgres) {
    this.#postgres = postgres;
  }

  /** Remembers a commit, inside its transaction. */
  record(id: string, commitTime: Micros): void {
    this.#postgres.query('INSERT INTO local_spanner.commits (id, commit_time) VALUES ($1, $2)', [id, String(commitTime)]);
  }

  /** When a transaction was committed, undefined where it was not. */
  find(id: string): Micros | undefined {
    const time = this.#postgres.query('SELECT commit_time FROM local_spanner.commits WHERE id = $1', [id]).rows[0]?.[0];
    return time === undefined || time === null ? undefined : BigInt(time);
  }

  /** To be called after every commit. From time to time forgets old commits and does what PostgreSQL's background processes would do: PGlite has none. */
  committed(commitTime: Micros): void {
    this.#sinceHousekeeping += 1;
    if (this.#sinceHousekeeping < COMMITS_BETWEEN_HOUSEKEEPING) return;
    this.#sinceHousekeeping = 0;
    this.#postgres.execute(`BEGIN READ WRITE; DELETE FROM local_spanner.commits WHERE commit_time < ${commitTime - KEPT_MICROS}; COMMIT`);
    this.#postgres.execute('VACUUM (ANALYZE)');
    this.#postgres.execute('CHECKPOINT');
  }
}

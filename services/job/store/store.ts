import { type Database, DatabaseError, defineStatements } from '../../platform/cloud/spanner/database.ts';
import type { KeptTable } from '../../platform/cloud/spanner/history.ts';

/** Every SQL text of the job service. */
export const statements = defineStatements('job', {
  insertRun: `INSERT INTO job.job_runs (id, job, state, items, changed, rejected, next_page_token, start_time)
    VALUES ($1, $2, 'RUNNING', 0, 0, 0, $3, $4)`,
  progressRun: 'UPDATE job.job_runs SET items = $2, changed = $3, rejected = $4, next_page_token = $5 WHERE id = $1',
  selectLastRun: 'SELECT state, next_page_token FROM job.job_runs WHERE job = $1 ORDER BY start_time DESC LIMIT 1',
  selectLease: 'SELECT holder, expire_time FROM job.leases WHERE job = $1',
  insertLease: 'INSERT INTO job.leases (job, holder, expire_time) VALUES ($1, $2, $3)',
  takeLease: 'UPDATE job.leases SET holder = $2, expire_time = $3 WHERE job = $1',
  dropLease: 'DELETE FROM job.leases WHERE job = $1 AND holder = $2',
  endRun: `UPDATE job.job_runs SET state = $2, items = $3, changed = $4, rejected = $5, next_page_token = $6, failure = $7, end_time = $8
    WHERE id = $1`,
});

/** What is kept for a time: long enough to see how a job did over a quarter. */
export const keptTables: readonly KeptTable[] = [{ table: 'job_runs', timeColumn: 'start_time', keptMs: 90 * 24 * 3_600_000 }];

/** How far a run is. */
export interface Progress {
  readonly items: number;
  readonly changed: number;
  /** Items that could not be used. */
  readonly rejected: number;
  /** Where the source goes on; empty at its beginning and behind its end. */
  readonly nextPageToken: string;
}

/** The job service's database: what ran, and how far it came. */
export class JobStore {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(options: { database: Database; now: () => Date }) {
    this.#database = options.database;
    this.#now = options.now;
  }

  /** Takes the right to run a job until a time. False where another run has it: two instances, or a tick while the one before still runs. */
  async takeLease(job: string, holder: string, durationMs: number): Promise<boolean> {
    const taking = this.#database.transact(async (tx) => {
      const [row] = await tx.query(statements.selectLease, [job]);
      if (row !== undefined && (row.expire_time as Date) > this.#now()) return false;
      const until = new Date(this.#now().getTime() + durationMs);
      await tx.execute(row === undefined ? statements.insertLease : statements.takeLease, [job, holder, until]);
      return true;
    });
    return taking.catch((error) => {
      // Both were the first.
      if (error instanceof DatabaseError && error.kind === 'unique') return false;
      throw error;
    });
  }

  /** Gives the right back. */
  async dropLease(job: string, holder: string): Promise<void> {
    await this.#database.transact((tx) => tx.execute(statements.dropLease, [job, holder]));
  }

  /** Where the job's last run left off, if it did not come to its end; otherwise empty. */
  async resumeFrom(job: string): Promise<string> {
    const [row] = await this.#database.query(statements.selectLastRun, [job]);
    return row === undefined || row.state === 'SUCCEEDED' ? '' : ((row.next_page_token as string | null) ?? '');
  }

  /** Records that a job has started, at its source's beginning or where the last run left off. */
  async start(id: string, job: string, from: string): Promise<void> {
    await this.#database.transact((tx) => tx.execute(statements.insertRun, [id, job, from, this.#now()]));
  }

  /** Records how far a job is. */
  async progress(id: string, { items, changed, rejected, nextPageToken }: Progress): Promise<void> {
    await this.#database.transact((tx) => tx.execute(statements.progressRun, [id, items, changed, rejected, nextPageToken]));
  }

  /** Records that a job has ended, with what kept it from its end. */
  async end(id: string, { items, changed, rejected, nextPageToken }: Progress, failure: string | undefined): Promise<void> {
    const state = failure === undefined ? 'SUCCEEDED' : 'FAILED';
    const values = [id, state, items, changed, rejected, nextPageToken, failure ?? null, this.#now()];
    await this.#database.transact((tx) => tx.execute(statements.endRun, values));
  }
}

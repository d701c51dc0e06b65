import { type Database, defineStatements } from '../cloud/database.ts';

/** Every SQL text of the job service. */
export const statements = defineStatements('job', {
  insertRun: `INSERT INTO job.job_runs (id, job, state, items, changed, start_time) VALUES ($1, $2, 'RUNNING', 0, 0, $3)`,
  progressRun: 'UPDATE job.job_runs SET items = $2, changed = $3 WHERE id = $1',
  endRun: 'UPDATE job.job_runs SET state = $2, items = $3, changed = $4, failure = $5, end_time = $6 WHERE id = $1',
});

/** How far a run is. */
export interface Progress {
  readonly items: number;
  readonly changed: number;
}

/** The job service's database: what ran, and how far it came. */
export class JobStore {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(options: { database: Database; now: () => Date }) {
    this.#database = options.database;
    this.#now = options.now;
  }

  /** Records that a job has started. */
  async start(id: string, job: string): Promise<void> {
    await this.#database.transact((tx) => tx.execute(statements.insertRun, [id, job, this.#now()]));
  }

  /** Records how far a job is. */
  async progress(id: string, { items, changed }: Progress): Promise<void> {
    await this.#database.transact((tx) => tx.execute(statements.progressRun, [id, items, changed]));
  }

  /** Records that a job has ended, with what kept it from its end. */
  async end(id: string, { items, changed }: Progress, failure: string | undefined): Promise<void> {
    const state = failure === undefined ? 'SUCCEEDED' : 'FAILED';
    await this.#database.transact((tx) => tx.execute(statements.endRun, [id, state, items, changed, failure ?? null, this.#now()]));
  }
}

import { type Database, DatabaseError, defineStatements } from '../../platform/cloud/spanner/database.ts';
import type { KeptTable } from '../../platform/cloud/spanner/history.ts';
import { enumeration, integer, optional, text, timestamp } from '../../platform/cloud/spanner/tables/columns.ts';
import { dml, insert, select, update } from '../../platform/cloud/spanner/tables/statements.ts';
import { table } from '../../platform/cloud/spanner/tables/table.ts';

const runStates = ['RUNNING', 'SUCCEEDED', 'FAILED'] as const;

/** What ran. */
export const runs = table('job', 'job_runs', {
  key: ['id'],
  columns: {
    id: text('id'),
    job: text('job'),
    state: enumeration('state', runStates),
    items: integer('items'),
    changed: integer('changed'),
    rejected: integer('rejected'),
    nextPageToken: optional(text('next_page_token')),
    failure: optional(text('failure')),
    startTime: timestamp('start_time'),
    endTime: optional(timestamp('end_time')),
  },
});

/** Who runs a job, and until when. */
export const leases = table('job', 'leases', {
  key: ['job'],
  columns: { job: text('job'), holder: text('holder'), expireTime: timestamp('expire_time') },
});

/** Every SQL text of the job service. */
export const statements = defineStatements('job', {
  insertRun: insert(runs),
  progressRun: update(runs, ['items', 'changed', 'rejected', 'nextPageToken']),
  endRun: update(runs, ['state', 'items', 'changed', 'rejected', 'nextPageToken', 'failure', 'endTime']),
  selectLastRun: select(runs.pick('state', 'nextPageToken'), 'WHERE job = $job ORDER BY start_time DESC LIMIT 1'),
  selectLease: select(leases, 'WHERE job = $job'),
  insertLease: insert(leases),
  takeLease: update(leases, ['holder', 'expireTime']),
  dropLease: dml('DELETE FROM job.leases WHERE job = $job AND holder = $holder'),
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
      const lease = await statements.selectLease.first(tx, { job });
      if (lease !== undefined && lease.expireTime > this.#now()) return false;
      const expireTime = new Date(this.#now().getTime() + durationMs);
      await tx.execute(...(lease === undefined ? statements.insertLease : statements.takeLease).with({ job, holder, expireTime }));
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
    await this.#database.transact((tx) => tx.execute(...statements.dropLease.with({ job, holder })));
  }

  /** Where the job's last run left off, if it did not come to its end; otherwise empty. */
  async resumeFrom(job: string): Promise<string> {
    const last = await statements.selectLastRun.first(this.#database, { job });
    return last === undefined || last.state === 'SUCCEEDED' ? '' : (last.nextPageToken ?? '');
  }

  /** Records that a job has started, at its source's beginning or where the last run left off. */
  async start(id: string, job: string, from: string): Promise<void> {
    const run = { id, job, state: 'RUNNING', items: 0, changed: 0, rejected: 0, nextPageToken: from, startTime: this.#now() } as const;
    await this.#database.transact((tx) => tx.execute(...statements.insertRun.with(run)));
  }

  /** Records how far a job is. */
  async progress(id: string, progress: Progress): Promise<void> {
    await this.#database.transact((tx) => tx.execute(...statements.progressRun.with({ id, ...progress })));
  }

  /** Records that a job has ended, with what kept it from its end. */
  async end(id: string, progress: Progress, failure: string | undefined): Promise<void> {
    const end = { state: failure === undefined ? 'SUCCEEDED' : 'FAILED', failure, endTime: this.#now() } as const;
    await this.#database.transact((tx) => tx.execute(...statements.endRun.with({ id, ...progress, ...end })));
  }
}

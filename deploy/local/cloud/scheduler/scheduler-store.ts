import { openStore } from '../../shared/store/open-store.ts';
import type { JobSpec, JobState } from './job.ts';

/** What the local Cloud Scheduler keeps on disk. */
export type SchedulerStore = ReturnType<typeof openSchedulerStore>;

/** Opens the Cloud Scheduler state. */
export function openSchedulerStore(stateDir: string) {
  const schema = 'CREATE TABLE IF NOT EXISTS jobs (name TEXT PRIMARY KEY, spec TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID';
  const { database, close } = openStore(stateDir, 'scheduler', schema);
  const put = database.prepare(`
    INSERT INTO jobs (name, spec, state) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, state = excluded.state`);
  return {
    close,
    jobs: (): { spec: JobSpec; state: JobState }[] =>
      database
        .prepare('SELECT spec, state FROM jobs')
        .all()
        .map((row) => ({ spec: JSON.parse(String(row['spec'])), state: JSON.parse(String(row['state'])) })),
    put: (spec: JobSpec, state: JobState) => put.run(spec.name, JSON.stringify(spec), JSON.stringify(state)),
  };
}

import { notFound } from '../google-api/api-error.ts';
import type { JobSpec } from './job.ts';
import { checkedJob } from './job-rules.ts';
import { JobRunner, type JobRunnerParts } from './job-runner.ts';

/** The jobs. */
export class SchedulerJobs {
  readonly #parts: JobRunnerParts;
  readonly #runners = new Map<string, JobRunner>();
  #started = false;

  constructor(parts: JobRunnerParts) {
    this.#parts = parts;
    for (const { spec, state } of parts.store.jobs()) this.#runners.set(spec.name, new JobRunner(parts, spec, state));
  }

  /** Begins to fire. */
  start(): void {
    this.#started = true;
    for (const runner of this.#runners.values()) runner.start();
  }

  /**
   * Creates a job, or replaces schedule, target and policy of the one that is there; it stays paused where it was.
   *
   * @throws ApiError INVALID_ARGUMENT
   */
  put(asked: JobSpec): void {
    const spec = checkedJob(asked);
    const known = this.#runners.get(spec.name);
    if (known !== undefined) {
      known.update(spec);
      return;
    }
    const state = { state: 'ENABLED', lastAttemptMs: null, status: null } as const;
    const runner = new JobRunner(this.#parts, spec, state);
    this.#parts.store.put(spec, state);
    this.#runners.set(spec.name, runner);
    if (this.#started) runner.start();
  }

  list(): JobRunner[] {
    return [...this.#runners.values()];
  }

  /** @throws ApiError NOT_FOUND */
  job(name: string): JobRunner {
    const runner = this.#runners.get(name);
    if (runner === undefined) throw notFound(name);
    return runner;
  }

  close(): void {
    for (const runner of this.#runners.values()) runner.close();
  }
}

import { Cron } from 'croner';
import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import { createWakeUp, type WakeUp } from '../../shared/clock/wake-up.ts';
import type { Clock } from '../../shared/local-server.ts';
import { backoffMs } from '../push/backoff.ts';
import type { HttpDispatcher, Outcome } from '../push/http-dispatcher.ts';
import type { JobSpec, JobState } from './job.ts';
import type { SchedulerStore } from './scheduler-store.ts';

/** What a job runner works with. */
export interface JobRunnerParts {
  readonly clock: Clock;
  readonly store: SchedulerStore;
  readonly dispatcher: HttpDispatcher;
}

/** Fires one job by its schedule. Ticks that pass while the process is down, the job is paused or an execution is still under way are not made up for. */
export class JobRunner {
  readonly #parts: JobRunnerParts;
  readonly #wakeUp: WakeUp;
  #spec: JobSpec;
  #state: JobState;
  #cron: Cron;
  #nextMs: number | null = null;
  #cancelRetry = () => {};
  #executing = false;
  #started = false;
  #closed = false;

  constructor(parts: JobRunnerParts, spec: JobSpec, state: JobState) {
    this.#parts = parts;
    this.#spec = spec;
    this.#state = state;
    this.#cron = cronOf(spec);
    this.#wakeUp = createWakeUp(parts.clock, () => this.#tick());
  }

  get spec(): JobSpec {
    return this.#spec;
  }

  get state(): JobState {
    return this.#state;
  }

  /** The next tick; null while paused. */
  get nextMs(): number | null {
    return this.#nextMs;
  }

  /** Begins to fire. */
  start(): void {
    this.#started = true;
    this.#plan();
  }

  /** Replaces schedule, target and policy. */
  update(spec: JobSpec): void {
    this.#cron = cronOf(spec);
    this.#spec = spec;
    this.#save(this.#state);
    this.#plan();
  }

  /** Pauses or resumes. An execution under way goes on. */
  setState(state: JobState['state']): void {
    this.#save({ ...this.#state, state });
    this.#plan();
  }

  /** Fires now, also while paused; false where an execution is under way. */
  run(): boolean {
    if (this.#executing) return false;
    this.#execute(this.#parts.clock.now());
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#wakeUp.cancel();
    this.#cancelRetry();
  }

  #plan(): void {
    this.#wakeUp.cancel();
    const next = this.#started && this.#state.state === 'ENABLED' ? this.#cron.nextRun(new Date(this.#parts.clock.now())) : null;
    this.#nextMs = next?.getTime() ?? null;
    if (this.#nextMs !== null) this.#wakeUp.at(this.#nextMs);
  }

  #tick(): void {
    const scheduledMs = this.#nextMs;
    if (scheduledMs === null) return;
    if (scheduledMs > this.#parts.clock.now()) {
      this.#wakeUp.at(scheduledMs);
      return;
    }
    this.#plan();
    if (!this.#executing) this.#execute(scheduledMs);
  }

  #execute(scheduledMs: number): void {
    this.#executing = true;
    void this.#attempt(scheduledMs, this.#parts.clock.now(), 1);
  }

  async #attempt(scheduledMs: number, firstMs: number, attempt: number): Promise<void> {
    const { clock, dispatcher } = this.#parts;
    const { name, uri, headers, body, oidcToken, attemptDeadlineMs } = this.#spec;
    this.#save({ ...this.#state, lastAttemptMs: clock.now() });
    const outcome = await dispatcher.send({
      url: uri,
      method: 'POST',
      // https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget
      headers: {
        ...(body !== '' && { 'content-type': 'application/octet-stream' }),
        ...headers,
        'user-agent': 'Google-Cloud-Scheduler',
        'x-cloudscheduler': 'true',
        'x-cloudscheduler-jobname': lastSegment(name),
        'x-cloudscheduler-scheduletime': new Date(scheduledMs).toISOString(),
      },
      body,
      identity: oidcToken && { email: oidcToken.serviceAccountEmail, audience: oidcToken.audience },
      timeoutMs: attemptDeadlineMs,
    });
    if (this.#closed) return;
    const status = statusOf(outcome);
    this.#save({ ...this.#state, status });
    const { retryCount, maxRetryDurationMs, ...steps } = this.#spec.retry;
    const inTime = maxRetryDurationMs === 0 || clock.now() - firstMs < maxRetryDurationMs;
    if (status.code === 0 || attempt > retryCount || !inTime) {
      this.#executing = false;
      return;
    }
    this.#cancelRetry = clock.schedule(backoffMs(steps, attempt), () => void this.#attempt(scheduledMs, firstMs, attempt + 1));
  }

  #save(state: JobState): void {
    this.#state = state;
    this.#parts.store.put(this.#spec, state);
  }
}

/** @throws TypeError for a schedule with other than five fields or an unknown time zone. */
function cronOf({ schedule, timeZone }: JobSpec): Cron {
  const cron = new Cron(schedule, { timezone: timeZone, paused: true, mode: '5-part' });
  // croner checks the time zone at first use only.
  cron.nextRun();
  return cron;
}

// google.rpc.Code UNKNOWN for an HTTP error.
function statusOf(outcome: Outcome): { code: number; message: string } {
  if (outcome.kind === 'unanswered') return { code: outcome.code, message: outcome.reason };
  const success = outcome.status >= 200 && outcome.status < 300;
  return success ? { code: 0, message: '' } : { code: 2, message: `HTTP status code ${outcome.status}` };
}

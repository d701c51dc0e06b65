import { startLoopbackServer } from '../../shared/http/loopback-server.ts';
import { type Clock, type LocalServer, type MintIdToken, systemClock } from '../../shared/local-server.ts';
import { createHttpDispatcher, type OnDelivery } from '../push/http-dispatcher.ts';
import { createIdTokenCache } from '../push/id-token-cache.ts';
import type { JobSpec } from './job.ts';
import { restSurface } from './rest-surface.ts';
import { SchedulerJobs } from './scheduler-jobs.ts';
import { openSchedulerStore } from './scheduler-store.ts';

/** Options of the local Cloud Scheduler. */
export interface SchedulerOptions {
  /** 0 binds a free port. */
  readonly port: number;
  /** State is kept in `<stateDir>/scheduler.sqlite`. */
  readonly stateDir: string;
  readonly clock: Clock;
  /** How long an answer takes and how old a token is go by this. Default: the machine's clock, which others live by also when `clock` is advanced. */
  readonly machineClock?: Clock;
  /** Makes the tokens of jobs with an OIDC token. */
  readonly mintIdToken: MintIdToken;
  /** Jobs to create or replace at once. Default none. */
  readonly jobs?: readonly JobSpec[];
  /** Starts without firing, until `release()`. Default false. */
  readonly held?: boolean;
  /** Told of each attempt to deliver. */
  readonly onDelivery?: OnDelivery;
}

/** A running local Cloud Scheduler. */
export interface SchedulerServer extends LocalServer {
  /** The jobs, without HTTP in between. */
  readonly jobs: SchedulerJobs;
  /** Begins to fire, where it was started `held`. */
  release(): void;
}

/**
 * Cloud Scheduler on this machine: fires HTTP POST requests by cron, on the given clock. Its port speaks the REST API (rest-surface.ts).
 *
 * @throws where the port is taken, the state cannot be opened, or a job is wrong.
 */
export async function startScheduler(options: SchedulerOptions): Promise<SchedulerServer> {
  const { clock, machineClock = systemClock, mintIdToken, held = false } = options;
  const store = openSchedulerStore(options.stateDir);
  const dispatcher = createHttpDispatcher(machineClock, createIdTokenCache(machineClock, mintIdToken), undefined, options.onDelivery);
  const jobs = new SchedulerJobs({ clock, store, dispatcher });
  const close = () => {
    jobs.close();
    dispatcher.close();
    store.close();
  };
  try {
    for (const spec of options.jobs ?? []) jobs.put(spec);
    const server = await startLoopbackServer({ port: options.port, listener: restSurface(jobs) });
    if (!held) jobs.start();
    return {
      port: server.port,
      jobs,
      release: () => jobs.start(),
      close: async () => {
        await server.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

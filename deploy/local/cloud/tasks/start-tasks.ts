import { type Clock, type LocalServer, type MintIdToken, systemClock } from '../../shared/local-server.ts';
import { loadServices, serveGrpc } from '../google-api/grpc-server.ts';
import type { DeliveryMishaps } from '../push/delivery-faults.ts';
import { createHttpDispatcher, type OnDelivery } from '../push/http-dispatcher.ts';
import { createIdTokenCache } from '../push/id-token-cache.ts';
import { cloudTasksService } from './cloud-tasks-service.ts';
import { TaskQueues } from './task-queues.ts';
import { openTasksStore } from './tasks-store.ts';

/** Options of the local Cloud Tasks. */
export interface TasksOptions {
  /** 0 binds a free port. */
  readonly port: number;
  /** State is kept in `<stateDir>/tasks.sqlite`. */
  readonly stateDir: string;
  readonly clock: Clock;
  /** How long an answer takes and how old a token is go by this. Default: the machine's clock, which others live by also when `clock` is advanced. */
  readonly machineClock?: Clock;
  /** Makes the tokens of tasks with `oidc_token`. */
  readonly mintIdToken: MintIdToken;
  /** Starts without dispatching, until `release()`: for a start with stored tasks before their targets are up. Default false. */
  readonly held?: boolean;
  /** What goes wrong between here and the receivers, in drills. */
  readonly mishaps?: DeliveryMishaps;
  /** Told of each attempt to deliver. */
  readonly onDelivery?: OnDelivery;
}

/** A running local Cloud Tasks. */
export interface TasksServer extends LocalServer {
  /** Queues and tasks, without gRPC in between. */
  readonly queues: TaskQueues;
  /** Begins to dispatch, where it was started `held`. */
  release(): void;
}

/**
 * Cloud Tasks on this machine: google.cloud.tasks.v2 for the unmodified client, over plaintext gRPC.
 * A task is acknowledged after its row is committed. One that was being dispatched when the process ended is dispatched again.
 *
 * @throws where the port is taken or the state cannot be opened.
 */
export async function startTasks(options: TasksOptions): Promise<TasksServer> {
  const { clock, machineClock = systemClock, mintIdToken, held = false } = options;
  const store = openTasksStore(options.stateDir);
  const dispatcher = createHttpDispatcher(machineClock, createIdTokenCache(machineClock, mintIdToken), options.mishaps, options.onDelivery);
  const queues = new TaskQueues({ clock, store, dispatcher });
  const close = () => {
    queues.close();
    dispatcher.close();
    store.close();
  };
  const service = loadServices('@google-cloud/tasks');
  try {
    const server = await serveGrpc(options.port, [[service('google.cloud.tasks.v2.CloudTasks'), cloudTasksService(queues)]]);
    if (!held) queues.start();
    return {
      port: server.port,
      queues,
      release: () => queues.start(),
      close: async () => {
        server.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

import { HttpProblem } from '../../shared/http/http-problem.ts';
import { type JsonRoute, startJsonServer } from '../../shared/http/json-server.ts';
import type { LocalServer } from '../../shared/local-server.ts';
import { ApiError } from '../google-api/api-error.ts';
import type { MessageTypes } from '../messages/message-types.ts';
import type { Broker } from '../pubsub/broker.ts';
import type { SchedulerJobs } from '../scheduler/scheduler-jobs.ts';
import type { TaskQueues } from '../tasks/task-queues.ts';
import type { RecordStore } from '../traces/record-store.ts';
import type { RunStore } from '../traces/run-store.ts';
import type { SpanStore } from '../traces/span-store.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { traceRoutes } from './trace-routes.ts';
import type { WayRates } from './way-rates.ts';

/** What can be looked at. */
export interface Inspected {
  readonly port: number;
  readonly types: MessageTypes;
  readonly runs: RunStore;
  readonly spans: SpanStore;
  readonly records: RecordStore;
  readonly rates: WayRates;
  readonly broker: Broker;
  readonly queues: TaskQueues;
  readonly jobs: SchedulerJobs;
}

/** Serves what was observed and what the local cloud has in hand, for the console. Like the rest of the local cloud it asks for no token, and shows no secret. */
export function startInspect(inspected: Inspected): Promise<LocalServer> {
  const routes = [...traceRoutes(inspected), ...deliveryRoutes(inspected)];
  return startJsonServer({ port: inspected.port, routes: routes.map((route) => ({ ...route, handle: told(route.handle) })) });
}

/** What Google's APIs would refuse is told with their own words. */
function told(handle: JsonRoute['handle']): JsonRoute['handle'] {
  return async (request) => {
    try {
      return await handle(request);
    } catch (error) {
      if (error instanceof ApiError) throw new HttpProblem(400, 'refused', error.message);
      throw error;
    }
  };
}

import { status } from '@grpc/grpc-js';
import { notFound, unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import type { DeadLetters } from '../platform/cloud/events/dead-letters.ts';
import type { TaskQueue } from '../platform/cloud/tasks/task-queue.ts';
import { ClientError } from '../platform/contracts/client-error.ts';
import type { OperationsService } from '../platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { readOrderStory } from './order-story.ts';
import type { Owners } from './owners.ts';

/** What the handlers need. */
interface OperationsServiceOptions {
  readonly owners: Owners;
  readonly tasks: Pick<TaskQueue, 'find'>;
  readonly deadLetters: DeadLetters;
}

/** The handlers of kumiko.job.v1.OperationsService. */
export function operationsService({ owners, tasks, deadLetters }: OperationsServiceOptions): Handlers<typeof OperationsService> {
  return {
    async getBacklogs(_request, call) {
      const names = [...owners.maintenance.keys()].toSorted();
      const answers = await Promise.all(names.map(async (service) => ({ service, tables: await backlogOf(service, call) })));
      return {
        services: answers.flatMap(({ service, tables }) => (tables === undefined ? [] : [{ service, tables }])),
        unreachable: answers.flatMap(({ service, tables }) => (tables === undefined ? [service] : [])),
      };
    },

    async getOrderStory({ name }, call) {
      const order = name.slice(0, -'/story'.length);
      try {
        return { name, ...(await readOrderStory(order, { owners, tasks, deadLetters, call })) };
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (error.code === status.NOT_FOUND) throw notFound(order);
        throw unavailable(`the order's owner answered ${status[error.code]}`, error);
      }
    },
  };

  async function backlogOf(service: string, call: Call) {
    try {
      return (await owners.maintenance.get(service)?.getBacklog({}, { signal: call.signal }))?.tables;
    } catch (error) {
      call.logger.warn({ err: error, service }, 'a service does not tell its backlog');
      return undefined;
    }
  }
}

import { isMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import type { Call } from '../platform/chassis/server/call.ts';
import type { DeadLetters } from '../platform/cloud/events/dead-letters.ts';
import type { DomainEvent } from '../platform/cloud/events/domain-event.ts';
import type { TaskQueue } from '../platform/cloud/tasks/task-queue.ts';
import { ClientError } from '../platform/contracts/client-error.ts';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { OrderStorySchema } from '../platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { describeMethod } from '../platform/contracts/methods.ts';
import { triggersOf } from '../platform/contracts/triggers.ts';
import { tasksAbout } from './domain/event-reactions.ts';
import type { Owners } from './owners.ts';
import { deadLetterMessage, readTopicLetters } from './topic-letters.ts';

/** Where a story is read from. */
interface Sources {
  readonly owners: Owners;
  readonly tasks: Pick<TaskQueue, 'find'>;
  readonly deadLetters: DeadLetters;
  readonly call: Call;
}

/** Keeps the answers of what can be asked, and the names of what cannot. */
class Reader {
  readonly unreachable: string[] = [];
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** What is read, or `otherwise` with a line in the log: a story is told also where a part of it is missing. */
  async try<T>(part: string, otherwise: T, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      this.#call.logger.warn({ err: error, part }, 'a part of the story cannot be read');
      this.unreachable.push(part);
      return otherwise;
    }
  }
}

/**
 * Assembles what the services keep of an order. Whom the order is not told by, is named.
 *
 * @param order such as "orders/3f…".
 * @throws {ClientError} of the customer service: without the order there is no story.
 */
export async function readOrderStory(
  order: string,
  { owners, tasks, deadLetters, call }: Sources,
): Promise<MessageInitShape<typeof OrderStorySchema>> {
  const { signal } = call;
  const reader = new Reader(call);
  const record = await owners.customer.describeOrder({ order }, { signal });
  const group = record.order?.group ?? '';
  const fulfilment = await reader.try('partner', undefined, () =>
    owners.partner.describeFulfilment({ order }, { signal }).catch((error) => {
      if (error instanceof ClientError && error.code === status.NOT_FOUND) return undefined;
      throw error;
    }),
  );
  const parcels = new Set(
    [record.order, fulfilment].flatMap((shown) => (shown?.trackingNumber ? [`shipments/${shown.carrier}/${shown.trackingNumber}`] : [])),
  );
  const providerEvents = await reader.try(
    'webhook',
    [],
    async () => (await owners.webhook.findProviderEvents({ subjects: [order, ...parcels] }, { signal })).events,
  );
  // The customer service keeps the payment's id, which is its provider's; who that is, its events say.
  const providers = new Set(providerEvents.flatMap(({ kind, name }) => (kind === 'payment' ? [name.split('/')[1] ?? ''] : [])));
  const payments = record.payment === '' ? [] : [...providers].map((provider) => `payments/${provider}/${record.payment}`);
  const subjects = [order, group, ...parcels, ...payments];

  const [waitingTasks, letters, unpublished] = await Promise.all([
    reader.try('tasks', [], () => tasksOf(tasks, order, group)),
    reader.try('dead letters', [], () => readTopicLetters(deadLetters)),
    Promise.all(
      [...owners.maintenance].map(([service, owner]) =>
        reader.try(`outbox of ${service}`, [], async () => {
          const { events } = await owner.findWaitingEvents({ aggregates: subjects }, { signal });
          return events.map((event) => ({ service, event }));
        }),
      ),
    ),
  ]);
  const traces = [record.trace, ...unpublished.flat().map(({ event }) => event.trace)];
  return {
    order: record,
    ...(fulfilment !== undefined && { fulfilment }),
    providerEvents,
    tasks: waitingTasks,
    unpublishedEvents: unpublished.flat(),
    deadLetters: letters
      .filter(({ event }) => event !== undefined && isAbout(event, order, subjects))
      .toSorted((a, b) => a.giveUpTime.getTime() - b.giveUpTime.getTime())
      .map(deadLetterMessage),
    traces: [...new Set(traces)].filter((trace) => trace !== ''),
    unreachable: reader.unreachable.toSorted(),
  };
}

async function tasksOf(queue: Pick<TaskQueue, 'find'>, order: string, group: string) {
  const found = await Promise.all(
    tasksAbout(order, group).map(async ({ method, id }) => {
      const task = await queue.find(method, id);
      const [trigger] = triggersOf(describeMethod(method));
      const queueName = trigger?.kind === 'queue' ? trigger.resourceId : '';
      return task && { queue: queueName, task: id, dueTime: timestampFromDate(task.dueTime), attempts: task.attempts };
    }),
  );
  return found.filter((task) => task !== undefined);
}

/** Whether an event is about one of the subjects, or has the order's name in what it tells: read from its bytes, for a dead letter may break any other rule. */
function isAbout(event: DomainEvent, order: string, subjects: readonly string[]): boolean {
  if (subjects.includes(event.aggregate)) return true;
  // A text stands behind its length, which is one byte up to 127.
  const named = Buffer.concat([Buffer.of(order.length), Buffer.from(order)]);
  return isMessage(event, EventSchema) && Buffer.from(toBinary(EventSchema, event)).includes(named);
}

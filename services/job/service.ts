import { SpanKind } from '@opentelemetry/api';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import type { TaskQueue } from '../platform/cloud/tasks/task-queue.ts';
import type { Event } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { JobService, PushedMessage } from '../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { inSpan } from '../platform/contracts/in-span.ts';
import { describeMethod } from '../platform/contracts/methods.ts';
import { previewAttribute, previewHeaders, withPreview } from '../platform/contracts/preview.ts';
import { triggersOf } from '../platform/contracts/triggers.ts';
import { receiverOf } from './domain/event-reactions.ts';
import type { InventorySync } from './inventory-sync.ts';
import { callOwner, type Owners, tellOwner } from './owners.ts';
import { readEvent, soundTasks } from './pushed-event.ts';
import type { RunAlone } from './schedules.ts';

/** What the handlers need. */
interface JobServiceOptions {
  readonly owners: Owners;
  readonly tasks: TaskQueue;
  readonly inventorySync: InventorySync;
  readonly runAlone: RunAlone;
}

/** Groups and holds that one tick may work on: what is left waits for the next. */
const sweepLimit = 500;
/** Rows of each outbox that one tick publishes at most. An owner ends in time before that where it is slow. */
const relayLimit = 10_000;
/** Rows of each table that one tick deletes at most. */
const pruneLimit = 20_000;

/** The handlers of kumiko.job.v1.JobService. */
export function jobService({ owners, tasks, inventorySync, runAlone }: JobServiceOptions): Handlers<typeof JobService> {
  /**
   * Takes in a push of any topic: an event is known by its payload, not by where it came from. The push has a trace of its own; what the event
   * causes belongs to the trace in which it was made, and is linked with the push.
   */
  async function handle({ message }: { message?: PushedMessage | undefined }, call: Call): Promise<object> {
    const event = readEvent(message, call);
    // https://opentelemetry.io/docs/specs/semconv/messaging/gcp-pubsub/
    const attributes = {
      'messaging.system': 'gcp_pubsub',
      'messaging.operation.type': 'process',
      'messaging.message.id': message?.messageId,
      'messaging.gcp_pubsub.message.ordering_key': event.aggregate,
      'kumiko.event.id': event.id,
      'kumiko.event.type': event.payload.case,
    };
    const name = `process ${event.payload.case ?? 'unknown event'}`;
    const work = () =>
      inSpan(name, { kind: SpanKind.CONSUMER, attributes, continues: message?.attributes['traceparent'] }, () => react(event, call));
    // The attributes of a push are in its body, where the gateway does not look for the previews that the event belongs to.
    await withPreview(message?.attributes[previewAttribute], work);
    return {};
  }

  async function react(event: Event, call: Call): Promise<void> {
    const receiver = receiverOf(event);
    const requested = soundTasks(event, call);
    if (receiver === undefined && requested.length === 0)
      call.logger.debug({ event: event.id, type: event.payload.case }, 'event concerns nobody');
    for (const { method, request, id, at } of requested) {
      const result = await tasks.enqueue(method, request, { id, headers: previewHeaders(), ...(at === undefined ? {} : { at }) });
      if (result === 'beyond-horizon') call.logger.info({ event: event.id, task: id }, 'beyond the horizon of tasks: left to the sweep');
    }
    if (receiver !== undefined) await tellOwner(call, event, async () => await owners[receiver].applyEvent({ event }));
  }

  return {
    handleEvent: handle,

    async releaseHold({ order }, call) {
      await callOwner(call, () => owners.customer.releaseHold({ order }));
      return {};
    },
    async expireGroup({ group }, call) {
      await callOwner(call, () => owners.customer.expireGroup({ group }));
      return {};
    },
    async capturePayment({ order }, call) {
      await callOwner(call, () => owners.customer.capturePayment({ order, ...attemptOf(call) }));
      return {};
    },
    async voidPayment({ order }, call) {
      await callOwner(call, () => owners.customer.voidPayment({ order }));
      return {};
    },
    async refundPayment({ order }, call) {
      await callOwner(call, () => owners.customer.refundPayment({ order }));
      return {};
    },

    async sweepOverdueGroups(_request, call) {
      const swept = await runAlone(call, () => callOwner(call, () => owners.customer.sweepOverdue({ limit: sweepLimit })));
      return { expiredGroups: swept?.expiredGroups ?? 0, releasedHolds: swept?.releasedHolds ?? 0 };
    },

    async relayOutbox(_request, call) {
      const results = await runAlone(call, () =>
        forEachOwner(call, [...owners.maintenance.values()], (owner) => owner.relayOutbox({ limit: relayLimit })),
      );
      return {
        published: sum(results, ({ published }) => published),
        failed: sum(results, ({ failed }) => failed),
      };
    },

    async pruneHistory(_request, call) {
      const results = await runAlone(call, () =>
        forEachOwner(call, [...owners.maintenance.values()], (owner) => owner.pruneHistory({ limit: pruneLimit })),
      );
      return { deleted: sum(results, ({ deleted }) => deleted) };
    },

    async syncInventory(_request, call) {
      return (await runAlone(call, () => inventorySync.run(call))) ?? {};
    },
  };
}

/** Which attempt of its task a call is, from the header that Cloud Tasks sets. */
function attemptOf(call: Call): { attempt: number; lastAttempt: boolean } {
  const retries = Number(call.metadata.get('x-cloudtasks-taskretrycount')[0] ?? 0);
  const attempt = Number.isSafeInteger(retries) && retries >= 0 ? retries + 1 : 1;
  const [trigger] = triggersOf(describeMethod(call.method));
  return { attempt, lastAttempt: trigger?.kind === 'queue' && attempt >= trigger.maxAttempts };
}

/** Asks every owner, each whether or not the others answer: one that is down must not keep the others waiting. */
async function forEachOwner<O, R>(call: Call, owners: readonly O[], ask: (owner: O) => Promise<R>): Promise<readonly R[]> {
  const results = await Promise.allSettled(owners.map((owner) => callOwner(call, async () => await ask(owner))));
  return results.flatMap((result) => {
    if (result.status === 'rejected') call.logger.error({ err: result.reason }, 'an owner did not do it');
    return result.status === 'fulfilled' && result.value !== undefined ? [result.value] : [];
  });
}

function sum<R>(results: readonly R[] | undefined, count: (result: R) => number): number {
  return (results ?? []).reduce((total, result) => total + count(result), 0);
}

import { create, fromBinary } from '@bufbuild/protobuf';
import { ruleViolations } from '../platform/chassis/api/validate.ts';
import { type FieldViolation, invalidArgument, type RpcError } from '../platform/chassis/errors/rpc-error.ts';
import type { Call } from '../platform/chassis/server/call.ts';
import { type Event, EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { PushedMessage } from '../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { type TaskRequest, tasksOf } from './domain/event-reactions.ts';

/**
 * Reads the event of a push. What is not an event never will be: it is refused, never acknowledged, so that after its attempts it waits in the dead letter
 * topic for an operator. Most bytes can be read as a message of unknown fields; an event keeps the rules of its proto, and says something: a kind that is not
 * known yet is a field that is not known.
 *
 * @throws {RpcError} INVALID_ARGUMENT
 */
export function readEvent(message: PushedMessage | undefined, call: Call): Event {
  let event: Event;
  try {
    event = fromBinary(EventSchema, message?.data ?? new Uint8Array());
  } catch {
    throw refused(message?.messageId, [{ field: '', description: 'must be an event in the binary format' }], call);
  }
  const saysNothing = event.payload.case === undefined && event.$unknown === undefined;
  const faults = saysNothing ? [{ field: 'payload', description: 'must say what happened' }] : ruleViolations(EventSchema, event);
  if (faults.length > 0) throw refused(event.id || message?.messageId, faults, call);
  return event;
}

/**
 * The tasks that an event asks for. A task whose method refuses its request would be tried in vain and then be dropped, where nobody finds it: the event is
 * refused instead, before any of its tasks is made.
 *
 * @throws {RpcError} INVALID_ARGUMENT
 */
export function soundTasks(event: Event, call: Call): readonly TaskRequest[] {
  const tasks = tasksOf(event);
  const faults = tasks.flatMap(({ method, request }) => ruleViolations(method.input, create(method.input, request)));
  if (faults.length > 0) throw refused(event.id, faults, call);
  return tasks;
}

/** An event that is refused, with its fields at fault in the log: nobody but Pub/Sub reads the answer. */
function refused(event: string | undefined, faults: readonly FieldViolation[], call: Call): RpcError {
  call.logger.error({ event, faults }, 'not an event that can be handled');
  const violations = faults.map(({ field, description }) => ({ field: 'message.data', description: `${field} ${description}`.trim() }));
  return invalidArgument('message.data is not a kumiko.event.v1.Event', violations);
}

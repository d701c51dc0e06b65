import { fromBinary, getOption, toBinary } from '@bufbuild/protobuf';
import { type Event, EventSchema } from '../../contracts/gen/types/kumiko/event/v1/event_pb.js';
import { topic as topicExtension } from '../../contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { activePreview, previewAttribute } from '../../contracts/preview.ts';
import { activeTraceparent } from '../../contracts/traceparent.ts';
import type { EventMessage } from './event-publisher.ts';

/** A row of an outbox. */
export interface OutboxRow {
  readonly id: string;
  readonly aggregate: string;
  readonly version: bigint;
  readonly event: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An event as a row, with the trace and the previews that it was made in. */
export function rowOf(event: Event, attributes: Readonly<Record<string, string>>): OutboxRow {
  const traceparent = activeTraceparent();
  const preview = activePreview();
  return {
    id: event.id,
    aggregate: event.aggregate,
    version: event.version,
    event: toBinary(EventSchema, event),
    attributes: {
      ...attributes,
      ...(preview !== undefined && { [previewAttribute]: preview }),
      ...(traceparent !== undefined && { traceparent }),
      event_id: event.id,
      event_type: event.payload.case ?? '',
    },
  };
}

/** A row as it travels. */
export function messageOf(row: OutboxRow): { readonly topic: string; readonly message: EventMessage } {
  return {
    topic: topicOf(fromBinary(EventSchema, row.event)),
    message: { data: row.event, attributes: row.attributes, orderingKey: row.aggregate },
  };
}

/** The topic that the payload's message names with its option. @throws {TypeError} where there is none. */
export function topicOf(event: Event): string {
  const field = EventSchema.fields.find(({ localName }) => localName === event.payload.case);
  const topic = field?.message && getOption(field.message, topicExtension);
  if (!topic) throw new TypeError(`event ${event.id}: its payload "${event.payload.case}" has no (kumiko.platform.v1.topic) option`);
  return topic;
}

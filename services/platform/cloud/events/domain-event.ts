import { type DescMessage, fromBinary, getOption, type Message } from '@bufbuild/protobuf';
import { topic as topicExtension } from '../../contracts/gen/types/kumiko/platform/v1/options_pb.js';

/** What the platform knows of a product's message of events: one fact about one aggregate. */
export interface DomainEvent extends Message {
  /** Unique: consumers record it in the transaction of their effect. */
  readonly id: string;
  /** The aggregate's resource name, which is the ordering key. */
  readonly aggregate: string;
  /** The aggregate's version, incremented in the transaction that made the event. */
  readonly version: bigint;
  /** What happened: a oneof, each of whose messages names its topic by (kumiko.platform.v1.topic). */
  readonly payload: { readonly case?: string | undefined };
}

const scalars = ['id', 'aggregate', 'version'];

/** Looks whether a message can carry events. @throws {TypeError} with what it lacks. */
export function checkEventType(type: DescMessage): void {
  const lacking = scalars.filter((name) => !type.fields.some((field) => field.name === name));
  if (!type.oneofs.some(({ name }) => name === 'payload')) lacking.push('payload');
  if (lacking.length > 0) throw new TypeError(`${type.typeName} cannot carry events: it has no ${lacking.join(', ')}`);
}

/** Reads an event. @throws where the bytes are none. */
export function readEvent(type: DescMessage, bytes: Uint8Array): DomainEvent {
  // By checkEventType.
  return fromBinary(type, bytes) as DomainEvent;
}

/** The topic that the payload's message names with its option. @throws {TypeError} where there is none. */
export function topicOf(type: DescMessage, event: DomainEvent): string {
  const field = type.fields.find(({ localName }) => localName === event.payload.case);
  const topic = field?.message && getOption(field.message, topicExtension);
  if (!topic) throw new TypeError(`event ${event.id}: its payload "${event.payload.case}" has no (kumiko.platform.v1.topic) option`);
  return topic;
}

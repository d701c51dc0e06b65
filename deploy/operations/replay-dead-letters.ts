import { setTimeout as delay } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import type { Message, PubSub } from '@google-cloud/pubsub';
import { EventSchema } from '../../services/contracts/gen/types/kumiko/event/v1/event_pb.js';

/** What is replayed. */
export interface ReplayOptions {
  readonly pubsub: PubSub;
  /** The topic whose dead letters they are, such as "order-events". */
  readonly topic: string;
  /** Events at most. */
  readonly limit: number;
  /** How long to wait for another one before there is none left. */
  readonly idleMs: number;
  /** Hears of each event, by ids only. */
  readonly onReplayed: (event: ReplayedEvent) => void;
}

/** An event that is on its way again. */
export interface ReplayedEvent {
  readonly id: string;
  readonly type: string;
  readonly aggregate: string;
}

/**
 * Publishes dead letters to their topic again, and takes each away once it is published: consumers know an event that they have had by its id.
 *
 * @returns how many were published.
 * @throws where an event cannot be published. It stays a dead letter.
 */
export async function replayDeadLetters({ pubsub, topic, limit, idleMs, onReplayed }: ReplayOptions): Promise<number> {
  const publisher = pubsub.topic(topic, { messageOrdering: true });
  // One at a time: what is over the limit must not be held back from whoever looks next.
  const letters = pubsub.subscription(`${topic}-dead-letter`, { flowControl: { maxMessages: 1 } });
  let replayed = 0;
  let lastAt = Date.now();
  let failure: unknown;

  const replay = async (letter: Message) => {
    if (replayed >= limit || failure !== undefined) return letter.nack();
    const event = fromBinary(EventSchema, letter.data);
    const attributes = Object.entries(letter.attributes).filter(([name]) => !name.startsWith('CloudPubSubDeadLetterSource'));
    await publisher.publishMessage({ data: letter.data, attributes: Object.fromEntries(attributes), orderingKey: event.aggregate });
    await letter.ackWithResponse();
    replayed++;
    lastAt = Date.now();
    onReplayed({ id: event.id, type: event.payload.case ?? 'unknown', aggregate: event.aggregate });
  };
  letters.on('message', (letter: Message) => {
    replay(letter).catch((error: unknown) => {
      failure = error;
      letter.nack();
    });
  });
  letters.on('error', (error) => {
    failure = error;
  });
  while (failure === undefined && replayed < limit && Date.now() - lastAt < idleMs) await delay(Math.min(100, idleMs));
  await letters.close();
  await publisher.flush();
  if (failure !== undefined)
    throw new Error(`dead letters of ${topic}: ${failure instanceof Error ? failure.message : String(failure)}`, { cause: failure });
  return replayed;
}

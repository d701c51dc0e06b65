import type { DescMessage } from '@bufbuild/protobuf';
import type { v1 } from '@google-cloud/pubsub';
import { credentials, status } from '@grpc/grpc-js';
import { errorCode } from '../../contracts/error-code.ts';
import { serviceAccount } from '../identity/service-account.ts';
import { type DomainEvent, readEvent } from './domain-event.ts';
import type { EventPublisher } from './event-publisher.ts';

/** A message that was delivered in vain as often as its subscription allows. */
export interface DeadLetter {
  /** undefined where the message is no event of ours. */
  readonly event: DomainEvent | undefined;
  /** When Pub/Sub gave it up. */
  readonly giveUpTime: Date;
  /** Pub/Sub's own id of the message. */
  readonly messageId: string;
}

/** What a replay did. */
interface Replayed {
  readonly replayed: number;
  /** Messages that are no events: they stay. */
  readonly skipped: number;
}

/** The dead letters of each topic, in the subscription that has the dead letter topic's name: `<service>-<topic>-dead-letter`. */
export interface DeadLetters {
  /** At most `limit` of those that wait, the oldest first. They stay. */
  list(topic: string, limit: number): Promise<readonly DeadLetter[]>;
  /**
   * Publishes at most `limit` events to their topic again, where every subscriber meets them, each of them before it is taken away.
   *
   * @throws where an event cannot be published. It stays, with all that was not yet published.
   */
  replay(topic: string, limit: number): Promise<Replayed>;
  close(): Promise<void>;
}

interface Letter extends DeadLetter {
  readonly ackId: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** How long a pull waits for a first message before the subscription is taken for empty. */
const pullTimeoutMs = 2_000;
const largestPull = 100;

/** What dead letters are read with. */
interface DeadLettersOptions {
  readonly project: string;
  /** The service whose subscriptions they are of. */
  readonly subscriber: string;
  /** The product's message of events. */
  readonly eventType: DescMessage;
  readonly publisher: EventPublisher;
}

/** Reads dead letters with Google's client, which is loaded with the first call. */
export function createDeadLetters({ project, subscriber, eventType, publisher }: DeadLettersOptions): DeadLetters {
  let loading: Promise<v1.SubscriberClient> | undefined;
  const client = () => {
    loading ??= createSubscriber(project);
    return loading;
  };
  const nameOf = (topic: string) => `projects/${project}/subscriptions/${subscriber}-${topic}-dead-letter`;

  async function pull(topic: string, maxMessages: number): Promise<Letter[]> {
    try {
      const [{ receivedMessages }] = await (await client()).pull({ subscription: nameOf(topic), maxMessages }, { timeout: pullTimeoutMs });
      return (receivedMessages ?? []).map(({ ackId, message }) => {
        const data = message?.data as Uint8Array;
        const { seconds = 0, nanos = 0 } = message?.publishTime ?? {};
        return {
          ackId: ackId ?? '',
          messageId: message?.messageId ?? '',
          data,
          attributes: message?.attributes ?? {},
          event: eventOf(eventType, data),
          giveUpTime: new Date(Number(seconds) * 1000 + Number(nanos) / 1e6),
        };
      });
    } catch (error) {
      if (errorCode(error) === status.DEADLINE_EXCEEDED) return [];
      throw error;
    }
  }

  /** Pulls until nothing new comes or `limit` is reached, and gives back whatever `handle` has not acknowledged. */
  async function each(topic: string, limit: number, handle: (letter: Letter) => Promise<'done' | 'kept'>): Promise<void> {
    const subscription = nameOf(topic);
    const kept: Letter[] = [];
    const seen = new Set<string>();
    try {
      while (seen.size < limit) {
        const letters = await pull(topic, Math.min(limit - seen.size, largestPull));
        kept.push(...letters);
        const fresh = letters.filter(({ messageId }) => !seen.has(messageId));
        if (fresh.length === 0) return;
        for (const letter of fresh) {
          seen.add(letter.messageId);
          if ((await handle(letter)) === 'kept') continue;
          await (await client()).acknowledge({ subscription, ackIds: [letter.ackId] });
          kept.splice(kept.indexOf(letter), 1);
        }
      }
    } finally {
      const ackIds = kept.map(({ ackId }) => ackId);
      if (ackIds.length > 0) await (await client()).modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 });
    }
  }

  return {
    async list(topic, limit) {
      const letters: Letter[] = [];
      await each(topic, limit, async (letter) => {
        letters.push(letter);
        return 'kept';
      });
      return letters.toSorted((a, b) => a.giveUpTime.getTime() - b.giveUpTime.getTime());
    },

    async replay(topic, limit) {
      const result = { replayed: 0, skipped: 0 };
      await each(topic, limit, async ({ event, data, attributes }) => {
        if (event === undefined) {
          result.skipped += 1;
          return 'kept';
        }
        await publisher.publish(topic, { data, attributes: ownAttributes(attributes), orderingKey: event.aggregate });
        result.replayed += 1;
        return 'done';
      });
      return result;
    },

    async close() {
      await (await loading)?.close();
    },
  };
}

async function createSubscriber(project: string): Promise<v1.SubscriberClient> {
  const { v1 } = await import('@google-cloud/pubsub');
  const emulator = process.env['PUBSUB_EMULATOR_HOST'];
  if (emulator === undefined) return new v1.SubscriberClient({ projectId: project, authClient: await serviceAccount() });
  const { hostname, port } = new URL(`http://${emulator}`);
  return new v1.SubscriberClient({ projectId: project, apiEndpoint: hostname, port: Number(port), sslCreds: credentials.createInsecure() });
}

function eventOf(type: DescMessage, data: Uint8Array): DomainEvent | undefined {
  try {
    const event = readEvent(type, data);
    return event.id === '' || event.aggregate === '' ? undefined : event;
  } catch {
    return undefined;
  }
}

/** Without those that Pub/Sub added when it gave the message up. */
function ownAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !name.startsWith('CloudPubSubDeadLetterSource')));
}

import { fromBinary } from '@bufbuild/protobuf';
import { v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';
import type { Endpoints } from '../../deploy/local/platform/endpoints.ts';
import { type Event, EventSchema } from '../../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { eventTopics } from '../../services/platform/contracts/services.ts';

const prefix = 'drill-log-';
const batch = 1000;

/** Reads every event that the platform publishes, by subscriptions of its own. */
export class EventLog {
  readonly #client: v1.SubscriberClient;
  readonly #subscriptions: readonly string[];
  readonly #deadLetters: readonly string[];
  readonly #events: Event[] = [];

  private constructor(client: v1.SubscriberClient, subscriptions: readonly string[], deadLetters: readonly string[]) {
    this.#client = client;
    this.#subscriptions = subscriptions;
    this.#deadLetters = deadLetters;
  }

  /** Subscribes to every topic: what is published from now on is in the log. */
  static async open({ pubsub, project }: Endpoints): Promise<EventLog> {
    const [host = '', port] = pubsub.split(':');
    const client = new v1.SubscriberClient({
      apiEndpoint: host,
      port: Number(port),
      sslCreds: credentials.createInsecure(),
      projectId: project,
    });
    const topics = eventTopics;
    const subscriptions = topics.map((topic) => `projects/${project}/subscriptions/${prefix}${topic}`);
    await Promise.all(
      topics.map((topic, index) =>
        client.createSubscription({ name: subscriptions[index]!, topic: `projects/${project}/topics/${topic}`, ackDeadlineSeconds: 600 }),
      ),
    );
    const deadLetters = topics.map((topic) => `projects/${project}/subscriptions/job-${topic}-dead-letter`);
    return new EventLog(client, subscriptions, deadLetters);
  }

  /** Every event so far, once for each time it was published. */
  async events(): Promise<readonly Event[]> {
    for (const subscription of this.#subscriptions) {
      for (;;) {
        const messages = await this.#pull(subscription);
        if (messages.length === 0) break;
        this.#events.push(...messages.map(({ data }) => fromBinary(EventSchema, data)));
        await this.#client.acknowledge({ subscription, ackIds: messages.map(({ ackId }) => ackId) });
      }
    }
    return this.#events;
  }

  /** How many messages lie in the dead letter topics. They stay there. */
  async deadLetters(): Promise<number> {
    let count = 0;
    for (const subscription of this.#deadLetters) {
      const messages = await this.#pull(subscription);
      count += messages.length;
      if (messages.length === 0) continue;
      await this.#client.modifyAckDeadline({ subscription, ackIds: messages.map(({ ackId }) => ackId), ackDeadlineSeconds: 0 });
    }
    return count;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #pull(subscription: string): Promise<{ ackId: string; data: Uint8Array }[]> {
    const [{ receivedMessages }] = await this.#client.pull({ subscription, maxMessages: batch, returnImmediately: true });
    return (receivedMessages ?? []).map(({ ackId, message }) => ({ ackId: ackId ?? '', data: message?.data as Uint8Array }));
  }
}

import type { Clock } from '../../shared/local-server.ts';
import { alreadyExists, invalidArgument, notFound } from '../google-api/api-error.ts';
import { checkMessages } from './message-limits.ts';
import type { PubsubStore } from './pubsub-store.ts';
import { deletedTopic, type Message, type NewMessage, type Subscription, type Topic } from './resources.ts';
import { Subscriber } from './subscriber.ts';
import { checkedSubscription, checkName } from './subscription-rules.ts';

/** Topics and subscriptions, and the way of a message from the one to the others. */
export class Broker {
  readonly #clock: Clock;
  readonly #store: PubsubStore;
  readonly #topics = new Map<string, Topic>();
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #onSubscriber: (subscriber: Subscriber) => void;
  #lastMessageId: number;

  /** `onSubscriber` hears of every new subscription and of those that were stored. */
  constructor(clock: Clock, store: PubsubStore, onSubscriber: (subscriber: Subscriber) => void) {
    this.#clock = clock;
    this.#store = store;
    this.#onSubscriber = onSubscriber;
    // Ids of 16 digits like Pub/Sub's, never given twice, also when acknowledged messages have left no row behind.
    this.#lastMessageId = Math.max(store.lastMessageId(), Date.now() * 1000);
    for (const topic of store.topics()) this.#topics.set(topic.name, topic);
    for (const subscription of store.subscriptions()) this.#start(subscription);
  }

  topics(): Topic[] {
    return [...this.#topics.values()];
  }

  /** @throws ApiError NOT_FOUND */
  topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw notFound(name);
    return topic;
  }

  /** @throws ApiError ALREADY_EXISTS, INVALID_ARGUMENT */
  createTopic({ name, labels }: Topic): Topic {
    checkName(name, 'topics');
    if (this.#topics.has(name)) throw alreadyExists(name);
    const topic: Topic = { name, labels };
    this.#store.putTopic(topic);
    this.#topics.set(name, topic);
    return topic;
  }

  /** Its subscriptions stay, with the topic "_deleted-topic_". */
  deleteTopic(name: string): void {
    this.topic(name);
    this.#store.transaction(() => {
      this.#store.deleteTopic(name);
      for (const subscriber of this.subscribersOf(name)) this.#save(subscriber, { ...subscriber.spec, topic: deletedTopic });
    });
    this.#topics.delete(name);
  }

  subscribers(): Subscriber[] {
    return [...this.#subscribers.values()];
  }

  subscribersOf(topic: string): Subscriber[] {
    return this.subscribers().filter((subscriber) => subscriber.spec.topic === topic);
  }

  /** @throws ApiError NOT_FOUND */
  subscriber(name: string): Subscriber {
    const subscriber = this.#subscribers.get(name);
    if (subscriber === undefined) throw notFound(name);
    return subscriber;
  }

  /** @throws ApiError ALREADY_EXISTS, INVALID_ARGUMENT, NOT_FOUND (the topic) */
  createSubscription(asked: Subscription): Subscription {
    const subscription = checkedSubscription(asked);
    this.topic(subscription.topic);
    if (this.#subscribers.has(subscription.name)) throw alreadyExists(subscription.name);
    this.#store.putSubscription(subscription);
    this.#start(subscription);
    return subscription;
  }

  /**
   * Replaces what may change.
   *
   * @throws ApiError NOT_FOUND, INVALID_ARGUMENT (topic, filter and ordering are fixed at creation)
   */
  updateSubscription(asked: Subscription): Subscription {
    const subscriber = this.subscriber(asked.name);
    const subscription = checkedSubscription(asked);
    for (const field of ['topic', 'filter', 'enableMessageOrdering'] as const) {
      if (subscription[field] !== subscriber.spec[field]) throw invalidArgument(`${field} of a subscription cannot change`);
    }
    this.#save(subscriber, subscription);
    this.#onSubscriber(subscriber);
    return subscription;
  }

  deleteSubscription(name: string): void {
    const subscriber = this.subscriber(name);
    this.#store.deleteSubscription(name);
    this.#subscribers.delete(name);
    subscriber.close();
  }

  /**
   * Takes messages in. When this returns, they are committed to disk.
   *
   * @throws ApiError NOT_FOUND, INVALID_ARGUMENT
   */
  publish(topic: string, messages: readonly NewMessage[]): number[] {
    this.topic(topic);
    checkMessages(messages);
    const { ids, additions } = this.#store.transaction(() => this.#insert(topic, messages));
    for (const add of additions) add();
    return ids;
  }

  close(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.close();
  }

  #insert(topic: string, messages: readonly NewMessage[]): { ids: number[]; additions: (() => void)[] } {
    const subscribers = this.subscribersOf(topic);
    const additions: (() => void)[] = [];
    const ids = messages.map((message) => {
      this.#lastMessageId += 1;
      const stored: Message = { ...message, messageId: this.#lastMessageId, publishMs: this.#clock.now() };
      const takers = subscribers.filter((subscriber) => subscriber.wants(stored));
      if (takers.length > 0) {
        this.#store.insert(
          stored,
          takers.map(({ spec }) => spec.name),
        );
      }
      for (const taker of takers) additions.push(() => taker.add({ ...stored, attempts: 0, nextMs: 0 }));
      return stored.messageId;
    });
    return { ids, additions };
  }

  #start(subscription: Subscription): void {
    const subscriber = new Subscriber(this.#clock, this.#store, subscription, (from, message, attempts) =>
      this.#deadLetter(from, message, attempts),
    );
    this.#subscribers.set(subscription.name, subscriber);
    this.#onSubscriber(subscriber);
  }

  #save(subscriber: Subscriber, subscription: Subscription): void {
    this.#store.putSubscription(subscription);
    subscriber.update(subscription);
  }

  // https://cloud.google.com/pubsub/docs/dead-letter-topics#how_dead_letter_topics_work
  #deadLetter(from: Subscription, message: Message, attempts: number): boolean {
    const topic = from.deadLetterPolicy?.deadLetterTopic ?? '';
    if (!this.#topics.has(topic)) return false;
    const [, project = '', , subscription = ''] = from.name.split('/');
    const attributes = {
      ...message.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
      CloudPubSubDeadLetterSourceSubscription: subscription,
      CloudPubSubDeadLetterSourceSubscriptionProject: project,
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.publishMs).toISOString(),
    };
    const { additions } = this.#insert(topic, [{ data: message.data, attributes, orderingKey: message.orderingKey }]);
    // The rows are not committed yet; whoever is told reads them afterwards.
    queueMicrotask(() => {
      for (const add of additions) add();
    });
    return true;
  }
}

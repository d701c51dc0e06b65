import type { Clock } from '../../shared/local-server.ts';
import { toMs } from '../google-api/protobuf-time.ts';
import { type Delivery, DeliveryQueue, type Lease } from './delivery-queue.ts';
import { compileFilter, type Filter } from './filter.ts';
import type { PubsubStore, StoredDelivery } from './pubsub-store.ts';
import type { Message, Subscription } from './resources.ts';

/** A message handed out to a consumer. */
export interface Received {
  readonly ackId: string;
  readonly message: Message;
  /** From 1; 0 without a dead letter policy. */
  readonly deliveryAttempt: number;
}

/** Puts a message that was delivered too often into the dead letter topic; false where that topic is missing. Runs in a transaction. */
export type DeadLetter = (subscription: Subscription, message: Message, attempts: number) => boolean;

/** One subscription at work: hands out, acknowledges, retries by its policy, gives up into the dead letter topic. */
export class Subscriber {
  readonly #clock: Clock;
  readonly #store: PubsubStore;
  readonly #deadLetter: DeadLetter;
  readonly #queue: DeliveryQueue;
  readonly #filter: Filter;
  readonly #listeners = new Set<() => void>();
  #spec: Subscription;
  #closed = false;

  constructor(clock: Clock, store: PubsubStore, spec: Subscription, deadLetter: DeadLetter) {
    this.#clock = clock;
    this.#store = store;
    this.#spec = spec;
    this.#deadLetter = deadLetter;
    this.#filter = compileFilter(spec.filter);
    this.#queue = new DeliveryQueue(clock, spec.enableMessageOrdering, {
      onReady: () => this.#notify(),
      onExpired: (lease) => this.#retryLater(lease.delivery),
    });
    for (const delivery of store.deliveries(spec.name)) this.#queue.add(delivery);
  }

  get spec(): Subscription {
    return this.#spec;
  }

  /** Whether the subscription was deleted or the server has stopped. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Changes what may change: neither topic nor filter nor ordering. */
  update(spec: Subscription): void {
    this.#spec = spec;
  }

  wants(message: Message): boolean {
    return this.#filter(message.attributes);
  }

  /** Takes over a delivery whose row is committed. */
  add(delivery: StoredDelivery): void {
    this.#queue.add(delivery);
  }

  /** Whether a consumer still has this delivery in hand. */
  holds(ackId: string): boolean {
    return this.#queue.holds(ackId);
  }

  /** Whether there is something to take. */
  get hasReady(): boolean {
    return this.#queue.hasReady;
  }

  /** Calls back whenever there may be something to take, or room for it by an acknowledgement; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hands out at most `most` messages until the ack deadline, or for `leaseMs`. */
  take(most: number, leaseMs = this.#spec.ackDeadlineSeconds * 1000): Received[] {
    const oldestMs =
      this.#clock.now() - (this.#spec.messageRetentionDuration ? toMs(this.#spec.messageRetentionDuration) : Number.MAX_VALUE);
    const received: Received[] = [];
    while (received.length < most) {
      const leases = this.#queue.take(most - received.length, leaseMs);
      if (leases.length === 0) break;
      for (const lease of leases) {
        if (lease.delivery.publishMs < oldestMs) this.ack([lease.ackId]);
        else received.push(this.#handOut(lease));
      }
    }
    return received;
  }

  /** Acknowledges; ids whose deadline has passed are ignored, as in Pub/Sub. */
  ack(ackIds: readonly string[]): void {
    const done = ackIds.map((ackId) => this.#queue.endLease(ackId)?.delivery).filter((delivery) => delivery !== undefined);
    this.#store.transaction(() => {
      for (const delivery of done) this.#store.remove(this.#spec.name, delivery.messageId);
    });
    for (const delivery of done) this.#queue.remove(delivery);
    if (done.length > 0) this.#notify();
  }

  /** Moves ack deadlines to `seconds` from now; 0 gives the message back (nack). */
  modifyDeadline(ackIds: readonly string[], seconds: number): void {
    for (const ackId of ackIds) {
      if (seconds > 0) {
        this.#queue.extend(ackId, seconds * 1000);
        continue;
      }
      const lease = this.#queue.endLease(ackId);
      if (lease !== undefined) this.#retryLater(lease.delivery);
    }
  }

  /** What is not acknowledged, the oldest first, at most `most` of it; nothing is handed out by looking. */
  waiting(most: number): readonly { readonly message: Message; readonly attempts: number; readonly nextMs: number }[] {
    const deliveries = this.#store.deliveries(this.#spec.name).slice(0, most);
    return deliveries.map(({ messageId, attempts, nextMs }) => ({ message: this.#store.message(messageId), attempts, nextMs }));
  }

  /** How many are not acknowledged. */
  waitingCount(): number {
    return this.#store.waitingCount(this.#spec.name);
  }

  /** Takes one message that nobody has in hand out of the subscription; undefined where it is not there or in somebody's hand. */
  withdraw(messageId: number): Message | undefined {
    // What is handed out for a moment goes back as it was, without an attempt more.
    const leases = this.#queue.take(Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY);
    const wanted = leases.find(({ delivery }) => delivery.messageId === messageId);
    const message = wanted && this.#store.message(messageId);
    for (const { ackId, delivery } of leases) {
      if (delivery.messageId === messageId) continue;
      this.#queue.endLease(ackId);
      this.#queue.putBack(delivery);
    }
    if (wanted !== undefined) this.ack([wanted.ackId]);
    return message;
  }

  /** Stops without a trace on disk. */
  close(): void {
    this.#closed = true;
    this.#queue.close();
    this.#listeners.clear();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #handOut({ ackId, delivery }: Lease): Received {
    return {
      ackId,
      message: this.#store.message(delivery.messageId),
      deliveryAttempt: this.#spec.deadLetterPolicy === null ? 0 : delivery.attempts + 1,
    };
  }

  #retryLater(delivery: Delivery): void {
    delivery.attempts += 1;
    delivery.nextMs = this.#clock.now() + this.#backoffMs(delivery.attempts);
    const { name, deadLetterPolicy } = this.#spec;
    const dead = this.#store.transaction(() => {
      const exhausted = deadLetterPolicy !== null && delivery.attempts >= deadLetterPolicy.maxDeliveryAttempts;
      if (exhausted && this.#deadLetter(this.#spec, this.#store.message(delivery.messageId), delivery.attempts)) {
        this.#store.remove(name, delivery.messageId);
        return true;
      }
      this.#store.postpone(name, delivery.messageId, delivery.attempts, delivery.nextMs);
      return false;
    });
    if (dead) this.#queue.remove(delivery);
    else this.#queue.putBack(delivery);
  }

  // Without a retry policy: at once on pull; a push endpoint gets 100 ms to 60 s (https://cloud.google.com/pubsub/docs/push#push_backoff).
  #backoffMs(attempts: number): number {
    const { retryPolicy, pushConfig } = this.#spec;
    if (retryPolicy === null && pushConfig === null) return 0;
    const minMs = retryPolicy?.minimumBackoff ? toMs(retryPolicy.minimumBackoff) : 100;
    const maxMs = retryPolicy?.maximumBackoff ? toMs(retryPolicy.maximumBackoff) : 60_000;
    return Math.min(maxMs, minMs * 2 ** (attempts - 1));
  }
}

import { randomUUID } from 'node:crypto';
import { DueHeap } from '../../shared/clock/due-heap.ts';
import { createWakeUp, type WakeUp } from '../../shared/clock/wake-up.ts';
import type { Clock } from '../../shared/local-server.ts';
import type { StoredDelivery } from './pubsub-store.ts';

/** A message on its way to one subscription. */
export interface Delivery {
  readonly messageId: number;
  readonly orderingKey: string;
  readonly publishMs: number;
  attempts: number;
  nextMs: number;
}

/** A delivery that a consumer has in hand until its deadline. */
export interface Lease {
  readonly ackId: string;
  readonly delivery: Delivery;
  deadlineMs: number;
}

/**
 * Which deliveries of one subscription may go out now. In memory only.
 * With ordering, only the oldest unacknowledged delivery of a key is ever out or waiting; the others of its key stay behind it.
 */
export class DeliveryQueue {
  readonly #clock: Clock;
  readonly #ordered: boolean;
  readonly #events: { readonly onReady: () => void; readonly onExpired: (lease: Lease) => void };
  readonly #ready = new Set<Delivery>();
  readonly #delayed = new DueHeap<Delivery>();
  readonly #leases = new Map<string, Lease>();
  readonly #deadlines = new DueHeap<Lease>();
  readonly #keys = new Map<string, Set<Delivery>>();
  readonly #epoch = randomUUID().slice(0, 8);
  readonly #wakeUp: WakeUp;
  #leaseCount = 0;

  constructor(clock: Clock, ordered: boolean, events: { onReady: () => void; onExpired: (lease: Lease) => void }) {
    this.#clock = clock;
    this.#ordered = ordered;
    this.#events = events;
    this.#wakeUp = createWakeUp(clock, () => this.#workOffDue());
  }

  /** Adds a delivery behind those that are there. */
  add(stored: StoredDelivery): void {
    const delivery: Delivery = { ...stored };
    if (this.#ordered && delivery.orderingKey !== '') {
      const key = this.#keys.get(delivery.orderingKey);
      if (key !== undefined) {
        key.add(delivery);
        return;
      }
      this.#keys.set(delivery.orderingKey, new Set([delivery]));
    }
    this.#offer(delivery);
  }

  /** Hands out at most `most` deliveries for `leaseMs`, which may be infinite. */
  take(most: number, leaseMs: number): Lease[] {
    const leases: Lease[] = [];
    for (const delivery of this.#ready) {
      if (leases.length >= most) break;
      this.#ready.delete(delivery);
      this.#leaseCount += 1;
      const ackId = `${this.#epoch}:${delivery.messageId}:${this.#leaseCount}`;
      const lease: Lease = { ackId, delivery, deadlineMs: 0 };
      this.#leases.set(ackId, lease);
      this.#setDeadline(lease, this.#clock.now() + leaseMs);
      leases.push(lease);
    }
    return leases;
  }

  /** Ends a lease; undefined where it is over already. */
  endLease(ackId: string): Lease | undefined {
    const lease = this.#leases.get(ackId);
    this.#leases.delete(ackId);
    return lease;
  }

  /** Whether a lease is still good. */
  holds(ackId: string): boolean {
    return this.#leases.has(ackId);
  }

  /** Whether something could be taken now. */
  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /** Moves a lease's deadline, unless it is over already. */
  extend(ackId: string, byMs: number): void {
    const lease = this.#leases.get(ackId);
    if (lease !== undefined) this.#setDeadline(lease, this.#clock.now() + byMs);
  }

  /** Takes a delivery back whose lease has ended, for another try at its `nextMs`. */
  putBack(delivery: Delivery): void {
    this.#offer(delivery);
  }

  /** Forgets a delivery whose lease has ended: acknowledged, dead or too old. The next one of its key may go. */
  remove(delivery: Delivery): void {
    const key = this.#keys.get(delivery.orderingKey);
    if (!key?.delete(delivery)) return;
    const [next] = key;
    if (next === undefined) this.#keys.delete(delivery.orderingKey);
    else this.#offer(next);
  }

  close(): void {
    this.#wakeUp.cancel();
    this.#ready.clear();
    this.#leases.clear();
  }

  #offer(delivery: Delivery): void {
    if (delivery.nextMs > this.#clock.now()) {
      this.#delayed.push(delivery.nextMs, delivery);
      this.#wakeUp.at(delivery.nextMs);
      return;
    }
    this.#ready.add(delivery);
    this.#events.onReady();
  }

  #setDeadline(lease: Lease, deadlineMs: number): void {
    lease.deadlineMs = deadlineMs;
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#deadlines.push(deadlineMs, lease);
    this.#wakeUp.at(deadlineMs);
  }

  #workOffDue(): void {
    const now = this.#clock.now();
    for (let due = this.#delayed.peek(); due !== undefined && due.at <= now; due = this.#delayed.peek()) {
      this.#delayed.pop();
      this.#ready.add(due.value);
    }
    for (let due = this.#deadlines.peek(); due !== undefined && due.at <= now; due = this.#deadlines.peek()) {
      this.#deadlines.pop();
      const lease = due.value;
      // A lease that was extended or ended has left its old deadline in the heap.
      if (lease.deadlineMs === due.at && this.#leases.delete(lease.ackId)) this.#events.onExpired(lease);
    }
    for (const next of [this.#delayed.peek(), this.#deadlines.peek()]) if (next !== undefined) this.#wakeUp.at(next.at);
    if (this.#ready.size > 0) this.#events.onReady();
  }
}

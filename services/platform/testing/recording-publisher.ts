import type { EventMessage } from '../cloud/events/event-message.ts';
import type { EventPublisher } from '../cloud/events/event-publisher.ts';

/** A publisher that remembers, and fails on demand. */
export interface RecordingPublisher extends EventPublisher {
  /** "<topic> <ordering key> <event id>", in order. */
  readonly published: string[];
  readonly messages: EventMessage[];
  /** Ids of events that cannot be published now. */
  readonly failing: Set<string>;
  /** Every message waits for this. */
  gate: Promise<unknown>;
}

/** A publisher without Pub/Sub. */
export function recordingPublisher(): RecordingPublisher {
  return {
    published: [],
    messages: [],
    failing: new Set(),
    gate: Promise.resolve(),
    async publish(topic, message) {
      await this.gate;
      const id = message.attributes['event_id'] ?? '';
      if (this.failing.has(id)) throw new Error(`${id} cannot be published`);
      this.published.push(`${topic} ${message.orderingKey} ${id}`);
      this.messages.push(message);
    },
    async close() {},
  };
}

import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type Database, DatabaseError, defineStatements } from '../cloud/database.ts';
import type { KeptTable } from '../cloud/history.ts';
import type { Outbox } from '../cloud/outbox.ts';
import { type Event, EventSchema } from '../contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { ProviderEvent, Told } from './domain/provider-event.ts';

/** Every SQL text of the webhook service. */
export const statements = defineStatements('webhook', {
  insertProviderEvent: `INSERT INTO webhook.provider_events (provider, event_id, kind, type, body, receive_time) VALUES ($1, $2, $3, $4, $5, $6)`,
});

/** What is kept for a time: providers repeat an event for days, people ask about one for weeks. */
export const keptTables: readonly KeptTable[] = [{ table: 'provider_events', timeColumn: 'receive_time', keptMs: 90 * 24 * 3_600_000 }];

/** An event of an outside system, as it was received. */
export interface Received {
  readonly provider: string;
  readonly kind: 'payment' | 'shipment';
  readonly event: ProviderEvent;
  readonly body: Uint8Array;
}

/** The webhook service's database. */
export class WebhookStore {
  readonly #database: Database;
  readonly #outbox: Outbox;
  readonly #now: () => Date;

  constructor(options: { database: Database; outbox: Outbox; now: () => Date }) {
    this.#database = options.database;
    this.#outbox = options.outbox;
    this.#now = options.now;
  }

  /** Keeps an event with what is to be told of it, once, in two round trips. Returns what is new for the platform. */
  async keep({ provider, kind, event, body }: Received): Promise<readonly Event[]> {
    const now = this.#now();
    const events = event.told === undefined ? [] : [toEvent(provider, event.id, event.told, now)];
    const received = [statements.insertProviderEvent, [provider, event.id, kind, event.type, body, now]] as const;
    try {
      await this.#database.transact((tx) => tx.batch([received, ...events.map((told) => this.#outbox.insert(told))]));
      return events;
    } catch (error) {
      if (error instanceof DatabaseError && error.kind === 'unique') return [];
      throw error;
    }
  }
}

/** The id follows from the provider's, so that whatever way an event comes twice, consumers know it. */
function toEvent(provider: string, id: string, told: Told, now: Date): Event {
  return create(EventSchema, {
    id: createHash('sha256').update(`${provider}/${id}`).digest('hex'),
    aggregate: told.aggregate,
    version: BigInt(told.sequence),
    occurredAt: timestampFromDate(now),
    payload: told.payload,
  });
}

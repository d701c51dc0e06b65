import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Position } from '../../platform/chassis/api/list-page.ts';
import type { Outbox } from '../../platform/cloud/events/outbox.ts';
import { type Database, DatabaseError, defineStatements, type Transaction } from '../../platform/cloud/spanner/database.ts';
import type { KeptTable } from '../../platform/cloud/spanner/history.ts';
import { bytes, enumeration, optional, text, timestamp } from '../../platform/cloud/spanner/tables/columns.ts';
import { exclusive, insert, select, update } from '../../platform/cloud/spanner/tables/statements.ts';
import { Selection, table } from '../../platform/cloud/spanner/tables/table.ts';
import { type Event, EventSchema } from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { type ProviderEvent, type ProviderKind, providerKinds, type Told } from '../domain/provider-event.ts';

/** What was received, also what was refused. */
export const providerEvents = table('webhook', 'provider_events', {
  key: ['provider', 'id'],
  columns: {
    provider: text('provider'),
    id: text('event_id'),
    kind: enumeration('kind', providerKinds),
    type: text('type'),
    body: bytes('body'),
    receiveTime: timestamp('receive_time'),
    refusal: optional(text('refusal')),
    subject: optional(text('subject')),
  },
});

// Queries of it ask for what has a refusal.
const refused = new Selection('webhook', 'provider_events', {
  ...providerEvents.without('body', 'subject').columns,
  refusal: text('refusal'),
});

// Queries of it ask for a subject.
const understood = new Selection('webhook', 'provider_events', {
  ...providerEvents.without('body', 'refusal').columns,
  subject: text('subject'),
});

/** Every SQL text of the webhook service. */
export const statements = defineStatements('webhook', {
  insertProviderEvent: insert(providerEvents),
  lockRefused: select(providerEvents.pick('kind', 'body', 'refusal'), 'WHERE provider = $provider AND event_id = $id', exclusive),
  settleRefused: update(providerEvents, ['body', 'refusal', 'subject']),
  // Two providers may have given the same id to events of the same time.
  listRefused: select(
    refused,
    `WHERE refusal IS NOT NULL AND (receive_time < $time OR (receive_time = $time AND provider || '/' || event_id < $id))
    ORDER BY receive_time DESC, provider || '/' || event_id DESC LIMIT $limit`,
  ),
  listAbout: select(
    understood,
    'WHERE subject IS NOT NULL AND subject = ANY($subjects) ORDER BY receive_time DESC, provider, event_id LIMIT $limit',
  ),
  oldestRefused: select(refused, 'WHERE refusal IS NOT NULL ORDER BY receive_time, provider, event_id LIMIT $limit'),
});

/** What is kept for a time: providers repeat an event for days, people ask about one for weeks. */
export const keptTables: readonly KeptTable[] = [{ table: 'provider_events', timeColumn: 'receive_time', keptMs: 90 * 24 * 3_600_000 }];

/** Which event of whom. */
export interface EventKey {
  readonly provider: string;
  /** The provider's. */
  readonly id: string;
}

/** An event of an outside system, as it was received. */
export interface Received {
  readonly provider: string;
  readonly kind: ProviderKind;
  readonly event: ProviderEvent;
  readonly body: Uint8Array;
}

/** An event that was kept and not understood. */
interface RefusedEvent extends EventKey {
  readonly kind: ProviderKind;
  readonly type: string;
  readonly refusal: string;
  readonly receiveTime: Date;
}

/** An event that was kept and understood. */
export interface UnderstoodEvent extends EventKey {
  readonly kind: ProviderKind;
  readonly type: string;
  /** What it is about. */
  readonly subject: string;
  readonly receiveTime: Date;
}

/** What keeping an event did. */
interface Kept {
  /** False where it had come before. */
  readonly isNew: boolean;
  /** What is new for the platform. */
  readonly events: readonly Event[];
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

  /**
   * Keeps an event with what is to be told of it, once, in two round trips. One that was refused and comes again in a form that is understood takes the place
   * of what was refused.
   */
  async keep({ provider, kind, event, body }: Received): Promise<Kept> {
    const events = this.#eventsOf(provider, event.id, event.told);
    const { id, type, refusal } = event;
    const subject = event.told?.subject;
    const received = statements.insertProviderEvent.with({ provider, id, kind, type, body, receiveTime: this.#now(), refusal, subject });
    try {
      await this.#database.transact((tx) => tx.batch([received, ...events.map((told) => this.#outbox.insert(told))]));
      return { isNew: true, events };
    } catch (error) {
      if (!(error instanceof DatabaseError && error.kind === 'unique')) throw error;
    }
    if (event.told === undefined) return { isNew: false, events: [] };
    return { isNew: false, events: (await this.settle({ provider, id: event.id }, () => ({ event, body })))?.events ?? [] };
  }

  /** Refused events, newest first, behind a position whose id is `positionOf` an event. */
  async refused(after: Position, limit: number): Promise<RefusedEvent[]> {
    return statements.listRefused.all(this.#database, { ...after, limit });
  }

  /** The latest events about any of these subjects, the oldest of them first. */
  async about(subjects: readonly string[], limit: number): Promise<UnderstoodEvent[]> {
    return (await statements.listAbout.all(this.#database, { subjects, limit })).toReversed();
  }

  /** The refused events that have waited for longest. */
  async oldestRefused(limit: number): Promise<RefusedEvent[]> {
    return statements.oldestRefused.all(this.#database, { limit });
  }

  /**
   * Reads a refused event once more, by a pure function of what was received, and tells the platform what is understood now. An event that is not refused, or
   * no longer, stays as it is.
   *
   * @returns undefined where there is no such event.
   */
  async settle(
    { provider, id }: EventKey,
    read: (kind: ProviderKind, body: Uint8Array) => { readonly event: ProviderEvent; readonly body: Uint8Array },
  ): Promise<{ readonly refusal: string | undefined; readonly events: readonly Event[] } | undefined> {
    return this.#database.transact(async (tx: Transaction) => {
      const stored = await statements.lockRefused.first(tx, { provider, id });
      if (stored === undefined) return undefined;
      if (stored.refusal === undefined) return { refusal: undefined, events: [] };
      const { event, body } = read(stored.kind, stored.body);
      // A type that we have forgotten meanwhile is as little understood as before.
      if (event.told === undefined) return { refusal: event.refusal ?? stored.refusal, events: [] };
      const events = this.#eventsOf(provider, id, event.told);
      const settled = statements.settleRefused.with({ provider, id, body, refusal: undefined, subject: event.told.subject });
      await tx.batch([settled, ...events.map((told) => this.#outbox.insert(told))]);
      return { refusal: undefined, events };
    });
  }

  #eventsOf(provider: string, id: string, told: Told | undefined): readonly Event[] {
    return told === undefined ? [] : [toEvent(provider, id, told, this.#now())];
  }
}

/** Where a list of refused events goes on behind this one. */
export function positionOf({ provider, id, receiveTime }: RefusedEvent): Position {
  return { time: receiveTime, id: `${provider}/${id}` };
}

/** The id follows from the provider's, so that whatever way an event comes twice, consumers know it. */
function toEvent(provider: string, id: string, told: Told, now: Date): Event {
  return create(EventSchema, {
    id: createHash('sha256').update(`${provider}/${id}`).digest('hex'),
    aggregate: told.aggregate,
    version: told.sequence,
    occurredAt: timestampFromDate(now),
    payload: told.payload,
  });
}

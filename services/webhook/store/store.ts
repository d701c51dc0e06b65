import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Position } from '../../platform/chassis/api/list-page.ts';
import type { Outbox } from '../../platform/cloud/events/outbox.ts';
import { type Database, DatabaseError, defineStatements, type Row, type Transaction } from '../../platform/cloud/spanner/database.ts';
import type { KeptTable } from '../../platform/cloud/spanner/history.ts';
import { type Event, EventSchema } from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { ProviderEvent, ProviderKind, Told } from '../domain/provider-event.ts';

const refused = 'provider, event_id, kind, type, refusal, receive_time';

/** Every SQL text of the webhook service. */
export const statements = defineStatements('webhook', {
  insertProviderEvent: `INSERT INTO webhook.provider_events (provider, event_id, kind, type, body, refusal, receive_time)
    VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  lockRefused: `/*@ lock_scanned_ranges=exclusive */ SELECT kind, body, refusal FROM webhook.provider_events WHERE provider = $1 AND event_id = $2`,
  settleRefused: 'UPDATE webhook.provider_events SET body = $3, refusal = NULL WHERE provider = $1 AND event_id = $2',
  // Two providers may have given the same id to events of the same time.
  listRefused: `SELECT ${refused} FROM webhook.provider_events WHERE refusal IS NOT NULL
    AND (receive_time < $1 OR (receive_time = $1 AND provider || '/' || event_id < $2))
    ORDER BY receive_time DESC, provider || '/' || event_id DESC LIMIT $3`,
  oldestRefused: `SELECT ${refused} FROM webhook.provider_events WHERE refusal IS NOT NULL ORDER BY receive_time, provider, event_id LIMIT $1`,
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
export interface RefusedEvent extends EventKey {
  readonly kind: ProviderKind;
  readonly type: string;
  readonly refusal: string;
  readonly receiveTime: Date;
}

/** What keeping an event did. */
export interface Kept {
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
    const values = [provider, event.id, kind, event.type, body, event.refusal ?? null, this.#now()];
    const received = [statements.insertProviderEvent, values] as const;
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
    return (await this.#database.query(statements.listRefused, [after.time, after.id, limit])).map(refusedOf);
  }

  /** The refused events that have waited for longest. */
  async oldestRefused(limit: number): Promise<RefusedEvent[]> {
    return (await this.#database.query(statements.oldestRefused, [limit])).map(refusedOf);
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
      const [row] = await tx.query(statements.lockRefused, [provider, id]);
      if (row === undefined) return undefined;
      if (row.refusal === null) return { refusal: undefined, events: [] };
      const { event, body } = read(row.kind as ProviderKind, row.body as Uint8Array);
      // A type that we have forgotten meanwhile is as little understood as before.
      if (event.told === undefined) return { refusal: event.refusal ?? (row.refusal as string), events: [] };
      const events = this.#eventsOf(provider, id, event.told);
      const settled = [statements.settleRefused, [provider, id, body]] as const;
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

function refusedOf(row: Row): RefusedEvent {
  return {
    provider: row.provider as string,
    id: row.event_id as string,
    kind: row.kind as ProviderKind,
    type: row.type as string,
    refusal: row.refusal as string,
    receiveTime: row.receive_time as Date,
  };
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

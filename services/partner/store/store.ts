import { randomUUID } from 'node:crypto';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ListQuery } from '../../platform/chassis/api/list-page.ts';
import { moneyFromMicros } from '../../platform/chassis/api/money.ts';
import { inboxInsert } from '../../platform/cloud/events/inbox.ts';
import type { Outbox } from '../../platform/cloud/events/outbox.ts';
import type { Database, Transaction, Write } from '../../platform/cloud/spanner/database.ts';
import { answerOnce, type RequestKey } from '../../platform/cloud/spanner/request-ids.ts';
import { type Event, EventSchema } from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { Deal } from '../domain/deal.ts';
import type { Fulfilment } from '../domain/fulfilment.ts';
import type { Parcel } from '../domain/orders.ts';
import { statements } from './tables.ts';

/** What a transaction left, with the events as they stand in the outbox. */
export interface Committed<T> {
  readonly after: T;
  readonly events: readonly Event[];
}

/** An order as it is, with the number of its last change among its partner's. */
interface FulfilmentChange {
  readonly value: Fulfilment;
  readonly position: bigint;
}

/** What happened, as the payload of an event. */
export type EventPayload = NonNullable<MessageInitShape<typeof EventSchema>['payload']>;

/** What is decided on a fulfilment: what it becomes and what happened. undefined changes nothing. */
type FulfilmentDecision = (before: Fulfilment | undefined) => { after: Fulfilment; payload?: EventPayload } | undefined;

/** The partner service's database. Ids without their resource prefix. */
export class PartnerStore {
  readonly #database: Database;
  readonly #outbox: Outbox;
  readonly #now: () => Date;

  constructor(options: { database: Database; outbox: Outbox; now: () => Date }) {
    this.#database = options.database;
    this.#outbox = options.outbox;
    this.#now = options.now;
  }

  /** A deal, or undefined. */
  async deal(id: string): Promise<Deal | undefined> {
    return statements.selectDeal.first(this.#database, { deal: id });
  }

  /** A page of a partner's deals. */
  async deals(partner: string, query: ListQuery): Promise<Deal[]> {
    return statements.listDeals.all(this.#database, { partner }, query);
  }

  /**
   * Inserts a draft, once for each request id.
   *
   * @returns the response's bytes, the first one's for a repetition.
   * @throws {RpcError} INVALID_ARGUMENT where the request id came with another body before.
   */
  async createDeal(key: RequestKey, deal: Deal, response: Uint8Array): Promise<Uint8Array> {
    const kept = { schema: 'partner', database: this.#database, now: this.#now() };
    return (await answerOnce(kept, key, async () => ({ response, writes: [statements.insertDeal.with(deal)] }))).response;
  }

  /** Changes a deal by a pure function that may refuse by throwing; undefined where there is no such deal. */
  async changeDeal(id: string, change: (deal: Deal) => Deal): Promise<Committed<Deal> | undefined> {
    return this.#database.transact(async (tx) => {
      const before = await statements.lockDeal.first(tx, { deal: id });
      if (before === undefined) return undefined;
      const changed = change(before);
      if (changed === before) return { after: before, events: [] };
      const after = { ...changed, version: before.version + 1n, updateTime: this.#now() };
      return { after, events: await this.#writeDeals(tx, [{ before, after }]) };
    });
  }

  /**
   * Deletes a deal that nobody but its partner has heard of.
   *
   * @param check may refuse by throwing.
   * @returns whether there was one.
   */
  async deleteDeal(id: string, check: (deal: Deal) => void): Promise<boolean> {
    return this.#database.transact(async (tx) => {
      const deal = await statements.lockDeal.first(tx, { deal: id });
      if (deal === undefined) return false;
      check(deal);
      await tx.execute(...statements.deleteDeal.with({ deal: id }));
      return true;
    });
  }

  /** Sets the stock of the deals that sell the given units, and tells how many changed. */
  async applyStock(levels: ReadonlyMap<string, bigint>): Promise<Committed<number>> {
    return this.#database.transact(async (tx) => {
      const deals = await statements.lockDealsBySku.all(tx, { skus: [...levels.keys()] });
      const changed = deals
        .map((before) => {
          const stock = levels.get(before.sku) ?? before.stock;
          return { before, after: { ...before, stock, version: before.version + 1n, updateTime: this.#now() } };
        })
        .filter(({ before, after }) => after.stock !== before.stock);
      return { after: changed.length, events: await this.#writeDeals(tx, changed) };
    });
  }

  /** An order, or undefined. */
  async fulfilment(id: string): Promise<Fulfilment | undefined> {
    return statements.selectFulfilment.first(this.#database, { order: id });
  }

  /** The order that was shipped with a parcel, or undefined. */
  async fulfilmentOf(parcel: Parcel): Promise<Fulfilment | undefined> {
    return statements.selectFulfilmentByParcel.first(this.#database, { ...parcel });
  }

  /** A page of a partner's orders. */
  async fulfilments(partner: string, query: ListQuery): Promise<Fulfilment[]> {
    return statements.listFulfilments.all(this.#database, { partner }, query);
  }

  /** A partner's orders that changed behind a position, the oldest change first. An order that changed twice is there once. */
  async changedFulfilments(partner: string, after: bigint, limit: number): Promise<FulfilmentChange[]> {
    const changes = await statements.listChanges.all(this.#database, { partner, after, limit });
    return changes.map(({ changeNumber, ...value }) => ({ value, position: changeNumber }));
  }

  /**
   * Decides on a fulfilment and writes what was decided.
   *
   * @param eventId where an event is the reason: it is recorded in the same transaction, and a known one changes nothing.
   */
  async changeFulfilment(
    by: { id: string } | Parcel,
    decide: FulfilmentDecision,
    eventId?: string,
  ): Promise<Committed<Fulfilment> | undefined> {
    return this.#database.transact(async (tx) => {
      const before =
        'id' in by
          ? await statements.lockFulfilment.first(tx, { order: by.id })
          : await statements.lockFulfilmentByParcel.first(tx, { ...by });
      const decision = decide(before);
      const seen = eventId === undefined ? [] : [inboxInsert('partner', eventId, this.#now())];
      if (decision === undefined) {
        if (seen.length > 0) await tx.batch(seen);
        return undefined;
      }
      const { payload } = decision;
      const after = { ...decision.after, updateTime: this.#now() };
      const events = payload === undefined ? [] : [this.#event(`orders/${after.id}`, after.version, payload)];
      // Versions order what the customer service says, so a repeated event has changed nothing up to here.
      const write = (before === undefined ? statements.insertFulfilment : statements.updateFulfilment).with(after);
      await tx.batch([...seen, ...changeCount(after.partner), write, ...events.map((event) => this.#outbox.insert(event))]);
      return { after, events };
    });
  }

  async #writeDeals(tx: Transaction, changes: readonly { before: Deal; after: Deal }[]): Promise<Event[]> {
    const events = changes.flatMap(({ before, after }) => {
      const payload = payloadOf(before, after);
      return payload === undefined ? [] : [this.#event(`deals/${after.id}`, after.version, payload)];
    });
    const writes: Write[] = [
      ...changes.map(({ after }) => statements.updateDeal.with(after)),
      ...events.map((event) => this.#outbox.insert(event)),
    ];
    if (writes.length > 0) await tx.batch(writes);
    return events;
  }

  #event(aggregate: string, version: bigint, payload: EventPayload): Event {
    return create(EventSchema, { id: randomUUID(), aggregate, version, occurredAt: timestampFromDate(this.#now()), payload });
  }
}

/** Takes the next number for a change of a partner's fulfilments. Before the change itself, in its transaction. */
function changeCount(partner: string): readonly Write[] {
  return [statements.ensureCounter.with({ partner }), statements.countChange.with({ partner })];
}

/** What customers are told of a deal: nothing of a draft, nor of one that was closed before they heard of it. */
function payloadOf(before: Deal, deal: Deal): EventPayload | undefined {
  if (deal.state === 'DRAFT' || (before.state === 'DRAFT' && deal.state === 'CLOSED')) return undefined;
  if (deal.state === 'CLOSED') return { case: 'dealClosed', value: {} };
  return {
    case: 'dealPublished',
    value: {
      partner: `partners/${deal.partner}`,
      title: deal.title,
      description: deal.description,
      price: moneyFromMicros(deal.priceMicros, deal.currency),
      groupSize: deal.groupSize,
      groupLifetime: { seconds: BigInt(deal.groupLifetimeSeconds) },
      stock: deal.stock,
      sku: deal.sku,
    },
  };
}

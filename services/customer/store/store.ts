import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Position } from '../../platform/chassis/api/list-page.ts';
import { inboxInsert } from '../../platform/cloud/events/inbox.ts';
import type { Outbox } from '../../platform/cloud/events/outbox.ts';
import type { Database, Row, Statement, Transaction } from '../../platform/cloud/spanner/database.ts';
import { answerOnce, type RequestKey } from '../../platform/cloud/spanner/request-ids.ts';
import { type Event, EventSchema } from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { linkWith } from '../../platform/contracts/in-span.ts';
import { type Change, type DomainEvent, noChange } from '../domain/change.ts';
import type { Deal, Group } from '../domain/group.ts';
import { openGroup, type Placement, PlacementRefused, placeOrder } from '../domain/group-lifecycle.ts';
import type { Address, Order } from '../domain/order.ts';
import { dealOf, groupOf, orderOf } from './rows.ts';
import { statements } from './statements.ts';
import { dealInsert, dealUpdate, groupInsert, groupUpdate, orderInsert, orderUpdate, type Write } from './writes.ts';

/** A customer's own data. */
export interface Profile {
  readonly id: string;
  readonly displayName: string;
  readonly shippingAddress: Address | undefined;
  /** 0 before the first update. */
  readonly version: bigint;
}

/** A request that places an order. */
export interface PlacementRequest {
  readonly key: RequestKey;
  readonly placement: Omit<Placement, 'shipTo'>;
  /** The answer to what the placement changes, in the binary format. */
  readonly respond: (change: Change) => Uint8Array;
}

/** An order that was placed, now or by an earlier request of the same id. */
export interface Placed {
  /** The same for each repetition. */
  readonly response: Uint8Array;
  /** The order as it was placed, which costs no read; undefined for a repetition. */
  readonly order: Order | undefined;
  /** Empty for a repetition. */
  readonly events: readonly Event[];
}

/** What a transaction wrote. */
export interface Committed {
  readonly change: Change;
  /** The events as they stand in the outbox. */
  readonly events: readonly Event[];
}

/** Decides on an order within its group; `members` reads the group's orders. */
export type OrderDecision = (order: Order, group: Group, members: () => Promise<Order[]>) => Change | Promise<Change>;

/** The customer service's database. Ids without their resource prefix. */
export class CustomerStore {
  readonly #database: Database;
  readonly #outbox: Outbox;
  readonly #now: () => Date;

  constructor(options: { database: Database; outbox: Outbox; now: () => Date }) {
    this.#database = options.database;
    this.#outbox = options.outbox;
    this.#now = options.now;
  }

  /** A customer's profile; an empty one of version 0 where there is none. */
  async profile(customer: string): Promise<Profile> {
    const [row] = await this.#database.query(statements.selectProfile, [customer]);
    return profileOf(customer, row);
  }

  /** Changes a profile by a pure function of what it is. */
  async updateProfile(customer: string, update: (profile: Profile) => Profile): Promise<Profile> {
    return this.#database.transact(async (tx) => {
      const [row] = await tx.query(statements.lockProfile, [customer]);
      const before = profileOf(customer, row);
      const after = { ...update(before), version: before.version + 1n };
      const statement = row === undefined ? statements.insertProfile : statements.updateProfile;
      const address = after.shippingAddress === undefined ? null : { ...after.shippingAddress };
      await tx.execute(statement, [customer, after.displayName, address, after.version]);
      return after;
    });
  }

  /** A deal, or undefined. */
  async deal(id: string): Promise<Deal | undefined> {
    const [row] = await this.#database.query(statements.selectDeal, [id]);
    return row && dealOf(row);
  }

  /** Deals on sale, newest first, behind a position. */
  async deals(after: Position, limit: number): Promise<Deal[]> {
    return (await this.#database.query(statements.listDeals, [after.time, after.id, limit])).map(dealOf);
  }

  /** A group and the customer's own active order in it, or undefined. */
  async group(id: string, customer: string): Promise<{ group: Group; ownOrder: string | undefined } | undefined> {
    const [row] = await this.#database.query(statements.selectGroupFor, [id, customer]);
    return row && { group: groupOf(row), ownOrder: (row.own_order as string | null) ?? undefined };
  }

  /** Whether the customer has or had an order in the group. */
  async isMember(groupId: string, customer: string): Promise<boolean> {
    return (await this.#database.query(statements.selectMembership, [groupId, customer])).length > 0;
  }

  /** An order, or undefined. */
  async order(id: string): Promise<Order | undefined> {
    const [row] = await this.#database.query(statements.selectOrder, [id]);
    return row && orderOf(row);
  }

  /** A customer's orders, newest first, behind a position. */
  async orders(customer: string, after: Position, limit: number): Promise<Order[]> {
    return (await this.#database.query(statements.listOrders, [customer, after.time, after.id, limit])).map(orderOf);
  }

  /**
   * Opens a group of the deal. Three round trips, commit included.
   *
   * @returns undefined where there is no such deal.
   * @throws {PlacementRefused}
   * @throws {RpcError} INVALID_ARGUMENT where the request id came with another body before.
   */
  openGroup(deal: string, request: PlacementRequest) {
    return this.#place(request, statements.selectOpening, deal, groupInsert, (row, shipTo) =>
      openGroup(dealOf(row), randomUUID(), { ...request.placement, shipTo }),
    );
  }

  /**
   * Takes a place in a group. Three round trips, commit included.
   *
   * @returns undefined where there is no such group.
   * @throws {PlacementRefused}
   * @throws {RpcError} INVALID_ARGUMENT where the request id came with another body before.
   */
  joinGroup(group: string, request: PlacementRequest) {
    return this.#place(request, statements.selectJoining, group, groupUpdate, (row, shipTo) => {
      if (row.own_order !== null) throw new PlacementRefused('ALREADY_MEMBER');
      return placeOrder(dealOf(row), groupOf(row), { ...request.placement, shipTo });
    });
  }

  /** Remembers the provider's payment intent of an order, once. */
  async setPayment(order: string, payment: { id: string; clientToken: string }): Promise<void> {
    await this.#database.transact((tx) => tx.execute(statements.setPayment, [order, payment.id, payment.clientToken]));
  }

  /** Forgets that the reservation of a failed capture was to be released. */
  async endSettlement(order: string): Promise<void> {
    await this.#database.transact((tx) => tx.execute(statements.endSettlement, [order]));
  }

  /**
   * Decides on an order and writes what was decided.
   *
   * @param eventId where an event is the reason: it is recorded in the same transaction, and a known one changes nothing.
   * @returns undefined where there is no such order.
   */
  async changeOrder(id: string, decide: OrderDecision, eventId?: string): Promise<Committed | undefined> {
    const transaction = this.#database.transact(async (tx) => {
      const [row] = await tx.query(statements.lockOrder, [id]);
      if (row === undefined) return undefined;
      const group = groupOf(row);
      const members = async () => (await tx.query(statements.lockMembers, [group.id])).map(orderOf);
      return this.#write(tx, await decide(orderOf(row), group, members), group.deal, eventId);
    });
    return transaction.then(linked, (error) => {
      if (error instanceof KnownEvent) return { change: noChange, events: [] };
      throw error;
    });
  }

  /** Decides on a group with all its orders and writes what was decided; undefined where there is no such group. */
  async changeGroup(id: string, decide: (group: Group, members: readonly Order[]) => Change): Promise<Committed | undefined> {
    const transaction = this.#database.transact(async (tx) => {
      const [row] = await tx.query(statements.lockGroup, [id]);
      if (row === undefined) return undefined;
      const members = (await tx.query(statements.lockMembers, [id])).map(orderOf);
      return this.#write(tx, decide(groupOf(row), members), row.g_deal as string, undefined);
    });
    return transaction.then(linked);
  }

  /** Takes in what the partner service says of a deal, unless a later version is known. Returns whether something changed. */
  async applyDeal(eventId: string, id: string, version: bigint, change: (deal: Deal | undefined) => Deal | undefined): Promise<boolean> {
    return this.#database.transact(async (tx) => {
      const [row] = await tx.query(statements.lockDeal, [id]);
      const before = row && dealOf(row);
      const after = before !== undefined && before.version >= version ? undefined : change(before);
      const writes: Write[] = [inboxInsert('customer', eventId, this.#now())];
      if (after !== undefined) writes.push(before === undefined ? dealInsert(after) : dealUpdate(after));
      const [recorded] = await tx.batch(writes);
      return recorded === 1 && after !== undefined;
    });
  }

  /** Groups whose deadline has passed. */
  async overdueGroups(limit: number): Promise<string[]> {
    return (await this.#database.query(statements.listOverdueGroups, [this.#now(), limit])).map((row) => row.id as string);
  }

  /** Orders whose hold is over. */
  async overdueHolds(limit: number): Promise<string[]> {
    return (await this.#database.query(statements.listOverdueHolds, [this.#now(), limit])).map((row) => row.id as string);
  }

  /** Orders whose payment intent the provider has not been asked for, because it could not be reached. */
  async ordersWithoutPayment(limit: number): Promise<Order[]> {
    return (await this.#database.query(statements.listUnpaid, [this.#now(), limit])).map(orderOf);
  }

  /** Orders whose capture, void or refund has waited for longer than its task may take. */
  async unsettledOrders(limit: number): Promise<Order[]> {
    return (await this.#database.query(statements.listUnsettled, [this.#now(), limit])).map(orderOf);
  }

  async #place(
    request: PlacementRequest,
    select: Statement,
    target: string,
    writeGroup: (group: Group) => Write,
    decide: (row: Row, shipTo: Address | undefined) => Change,
  ): Promise<Placed | undefined> {
    let order: Order | undefined;
    let events: Event[] = [];
    try {
      const kept = { schema: 'customer', database: this.#database, now: this.#now() };
      const answer = await answerOnce(kept, request.key, async (tx) => {
        const [row] = await tx.query(select, [target, request.placement.customer]);
        if (row === undefined) throw new UnknownTarget();
        const change = decide(row, (row.c_shipping_address as Address | null) ?? undefined);
        [order] = change.orders;
        events = change.events.map((event) => toEvent(event, this.#now()));
        const writes: Write[] = [
          ...(change.group === undefined ? [] : [writeGroup(change.group)]),
          ...change.orders.map(orderInsert),
          [statements.reserveUnits, [row.d_id as string, -change.releasedUnits]],
          ...events.map((event) => this.#outbox.insert(event)),
        ];
        return { response: request.respond(change), writes };
      });
      const { response, replayed } = answer;
      return replayed ? { response, order: undefined, events: [] } : { response, order, events };
    } catch (error) {
      if (error instanceof UnknownTarget) return undefined;
      throw error;
    }
  }

  async #write(tx: Transaction, change: Change, deal: string, eventId: string | undefined): Promise<Committed> {
    const events = change.events.map((event) => toEvent(event, this.#now()));
    const writes: Write[] = [
      ...(eventId === undefined ? [] : [inboxInsert('customer', eventId, this.#now())]),
      ...change.orders.map((order) => orderUpdate(order, this.#now())),
      ...(change.group === undefined ? [] : [groupUpdate(change.group)]),
      ...(change.releasedUnits === 0 ? [] : [[statements.reserveUnits, [deal, -change.releasedUnits]] as Write]),
      ...events.map((event) => this.#outbox.insert(event)),
    ];
    if (writes.length > 0) {
      const [recorded] = await tx.batch(writes);
      if (eventId !== undefined && recorded === 0) throw new KnownEvent();
    }
    return { change, events };
  }
}

/** Rolls back a placement in what does not exist. */
class UnknownTarget extends Error {
  override readonly name = 'UnknownTarget';
}

/** Rolls back what a repeated event would have changed again. */
class KnownEvent extends Error {
  override readonly name = 'KnownEvent';
}

/** Links the trace that changed orders with the traces in which they were placed. */
function linked(committed: Committed | undefined): Committed | undefined {
  for (const order of committed?.change.orders ?? []) linkWith(order.traceparent);
  return committed;
}

function toEvent({ aggregate, version, payload }: DomainEvent, now: Date): Event {
  return create(EventSchema, { id: randomUUID(), aggregate, version, occurredAt: timestampFromDate(now), payload });
}

function profileOf(id: string, row: Row | undefined): Profile {
  if (row === undefined) return { id, displayName: '', shippingAddress: undefined, version: 0n };
  return {
    id,
    displayName: row.display_name as string,
    shippingAddress: (row.shipping_address as Address | null) ?? undefined,
    version: row.version as bigint,
  };
}

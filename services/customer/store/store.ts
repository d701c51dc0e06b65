import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ListQuery } from '../../platform/chassis/api/list-page.ts';
import { inboxInsert } from '../../platform/cloud/events/inbox.ts';
import type { Outbox } from '../../platform/cloud/events/outbox.ts';
import type { Database, Transaction, Write } from '../../platform/cloud/spanner/database.ts';
import { answerOnce, type RequestKey } from '../../platform/cloud/spanner/request-ids.ts';
import type { Query } from '../../platform/cloud/spanner/tables/statements.ts';
import type { Address } from '../../platform/contracts/address.ts';
import { type Event, EventSchema } from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { linkWith } from '../../platform/contracts/in-span.ts';
import { type Change, type DomainEvent, noChange } from '../domain/change.ts';
import type { Deal, Group } from '../domain/group.ts';
import { openGroup, type Placement, PlacementRefused, placeOrder } from '../domain/group-lifecycle.ts';
import { isActive, type Order } from '../domain/order.ts';
import { statements } from './tables.ts';

/** A customer's own data. */
export interface Profile {
  readonly id: string;
  readonly displayName: string;
  readonly shippingAddress: Address | undefined;
  /** 0 before the first update. */
  readonly version: bigint;
  /** undefined before the first update. */
  readonly updateTime: Date | undefined;
}

/** An order with what is kept of it for its upkeep. */
export interface OrderRecord extends Order {
  /** When the sweep takes over what its payment's task has not brought to an end. */
  readonly settleDueTime: Date | undefined;
}

/** A request that places an order. */
interface PlacementRequest {
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
    return (await statements.selectProfile.first(this.#database, { customer })) ?? emptyProfile(customer);
  }

  /** Changes a profile by a pure function of what it is. */
  async updateProfile(customer: string, update: (profile: Profile) => Profile): Promise<Profile> {
    return this.#database.transact(async (tx) => {
      const stored = await statements.lockProfile.first(tx, { customer });
      const before = stored ?? emptyProfile(customer);
      const after = { ...update(before), id: customer, version: before.version + 1n, updateTime: this.#now() };
      await tx.execute(...(stored === undefined ? statements.insertProfile : statements.updateProfile).with(after));
      return after;
    });
  }

  /** A deal, or undefined. */
  async deal(id: string): Promise<Deal | undefined> {
    return statements.selectDeal.first(this.#database, { deal: id });
  }

  /** A page of the deals on sale. */
  async deals(query: ListQuery): Promise<Deal[]> {
    return statements.listDeals.all(this.#database, {}, query);
  }

  /** A group and the customer's own active order in it, or undefined. */
  async group(id: string, customer: string): Promise<{ group: Group; ownOrder: string | undefined } | undefined> {
    const found = await statements.selectGroupFor.first(this.#database, { group: id, customer });
    return found && { group: found.group, ownOrder: found.own.id };
  }

  /** Whether the customer has or had an order in the group. */
  async isMember(groupId: string, customer: string): Promise<boolean> {
    return (await statements.selectMembership.first(this.#database, { group: groupId, customer })) !== undefined;
  }

  /** An order, or undefined. */
  async order(id: string): Promise<Order | undefined> {
    return statements.selectOrder.first(this.#database, { order: id });
  }

  /** An order with what is kept of it for its upkeep, or undefined. */
  async orderRecord(id: string): Promise<OrderRecord | undefined> {
    return statements.selectOrderRecord.first(this.#database, { order: id });
  }

  /** A page of a customer's orders. */
  async orders(customer: string, query: ListQuery): Promise<Order[]> {
    return statements.listOrders.all(this.#database, { customer }, query);
  }

  /**
   * Opens a group of the deal. Three round trips, commit included.
   *
   * @returns undefined where there is no such deal.
   * @throws {PlacementRefused}
   * @throws {RpcError} INVALID_ARGUMENT where the request id came with another body before.
   */
  openGroup(deal: string, request: PlacementRequest) {
    const placed = { target: deal, select: statements.selectOpening, writeGroup: statements.insertGroup };
    return this.#place(request, placed, (found, shipTo) => openGroup(found.deal, randomUUID(), { ...request.placement, shipTo }));
  }

  /**
   * Takes a place in a group. Three round trips, commit included.
   *
   * @returns undefined where there is no such group.
   * @throws {PlacementRefused}
   * @throws {RpcError} INVALID_ARGUMENT where the request id came with another body before.
   */
  joinGroup(group: string, request: PlacementRequest) {
    const placed = { target: group, select: statements.selectJoining, writeGroup: statements.updateGroup };
    return this.#place(request, placed, (found, shipTo) => {
      if (found.own.id !== undefined) throw new PlacementRefused('ALREADY_MEMBER');
      return placeOrder(found.deal, found.group, { ...request.placement, shipTo });
    });
  }

  /** Remembers the provider's payment intent of an order, once. */
  async setPayment(order: string, { id: payment, clientToken }: { id: string; clientToken: string }): Promise<void> {
    await this.#database.transact((tx) => tx.execute(...statements.setPayment.with({ order, payment, clientToken })));
  }

  /** Forgets that the reservation of a failed capture was to be released. */
  async endSettlement(order: string): Promise<void> {
    await this.#database.transact((tx) => tx.execute(...statements.endSettlement.with({ order })));
  }

  /**
   * Decides on an order and writes what was decided.
   *
   * @param eventId where an event is the reason: it is recorded in the same transaction, and a known one changes nothing.
   * @returns undefined where there is no such order.
   */
  async changeOrder(id: string, decide: OrderDecision, eventId?: string): Promise<Committed | undefined> {
    const transaction = this.#database.transact(async (tx) => {
      const found = await statements.lockOrder.first(tx, { order: id });
      if (found === undefined) return undefined;
      const { order, group } = found;
      const members = () => statements.lockMembers.all(tx, { group: group.id });
      return this.#write(tx, await decide(order, group, members), group.deal, eventId);
    });
    return transaction.then(linked, (error) => {
      if (error instanceof KnownEvent) return { change: noChange, events: [] };
      throw error;
    });
  }

  /** Decides on a group with all its orders and writes what was decided; undefined where there is no such group. */
  async changeGroup(id: string, decide: (group: Group, members: readonly Order[]) => Change): Promise<Committed | undefined> {
    const transaction = this.#database.transact(async (tx) => {
      const group = await statements.lockGroup.first(tx, { group: id });
      if (group === undefined) return undefined;
      const members = await statements.lockMembers.all(tx, { group: id });
      return this.#write(tx, decide(group, members), group.deal, undefined);
    });
    return transaction.then(linked);
  }

  /** Takes in what the partner service says of a deal, unless a later version is known. Returns whether something changed. */
  async applyDeal(eventId: string, id: string, version: bigint, change: (deal: Deal | undefined) => Deal | undefined): Promise<boolean> {
    return this.#database.transact(async (tx) => {
      const before = await statements.lockDeal.first(tx, { deal: id });
      const after = before !== undefined && before.version >= version ? undefined : change(before);
      const writes: Write[] = [inboxInsert('customer', eventId, this.#now())];
      if (after !== undefined) writes.push((before === undefined ? statements.insertDeal : statements.updateDeal).with(after));
      const [recorded] = await tx.batch(writes);
      return recorded === 1 && after !== undefined;
    });
  }

  /** A page of the open groups whose deadline has passed. */
  async overdueGroupsPage(query: ListQuery): Promise<Group[]> {
    return statements.listOverdue.all(this.#database, { now: this.#now() }, query);
  }

  /** Groups whose deadline has passed. */
  async overdueGroups(limit: number): Promise<string[]> {
    return (await statements.listOverdueGroups.all(this.#database, { now: this.#now(), limit })).map(({ id }) => id);
  }

  /** Orders whose hold is over. */
  async overdueHolds(limit: number): Promise<string[]> {
    return (await statements.listOverdueHolds.all(this.#database, { now: this.#now(), limit })).map(({ id }) => id);
  }

  /** Orders whose payment intent the provider has not been asked for, because it could not be reached. */
  async ordersWithoutPayment(limit: number): Promise<Order[]> {
    return statements.listUnpaid.all(this.#database, { now: this.#now(), limit });
  }

  /** Orders whose capture, void or refund has waited for longer than its task may take. */
  async unsettledOrders(limit: number): Promise<Order[]> {
    return statements.listUnsettled.all(this.#database, { now: this.#now(), limit });
  }

  async #place<R extends PlacedIn>(
    request: PlacementRequest,
    { target, select, writeGroup }: { target: string; select: Query<Placing, R>; writeGroup: { with(group: Group): Write } },
    decide: (found: R, shipTo: Address | undefined) => Change,
  ): Promise<Placed | undefined> {
    let order: Order | undefined;
    let events: Event[] = [];
    try {
      const kept = { schema: 'customer', database: this.#database, now: this.#now() };
      const answer = await answerOnce(kept, request.key, async (tx) => {
        const found = await select.first(tx, { target, customer: request.placement.customer });
        if (found === undefined) throw new UnknownTarget();
        const change = decide(found, found.customer.shippingAddress);
        [order] = change.orders;
        events = change.events.map((event) => toEvent(event, this.#now()));
        const writes: Write[] = [
          ...(change.group === undefined ? [] : [writeGroup.with(change.group)]),
          ...change.orders.map((placed) => statements.insertOrder.with({ ...placed, activeCustomer: placed.customer })),
          statements.reserveUnits.with({ deal: found.deal.id, units: -change.releasedUnits, now: this.#now() }),
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

  async #write(tx: Transaction, decided: Change, deal: string, eventId: string | undefined): Promise<Committed> {
    const updateTime = this.#now();
    const change = decided === noChange ? noChange : changedAt(decided, updateTime);
    const events = change.events.map((event) => toEvent(event, this.#now()));
    const writes: Write[] = [
      ...(eventId === undefined ? [] : [inboxInsert('customer', eventId, this.#now())]),
      ...change.orders.map((order) => orderUpdate(order, updateTime)),
      ...(change.group === undefined ? [] : [statements.updateGroup.with(change.group)]),
      ...(change.releasedUnits === 0 ? [] : [statements.reserveUnits.with({ deal, units: -change.releasedUnits, now: updateTime })]),
      ...events.map((event) => this.#outbox.insert(event)),
    ];
    if (writes.length > 0) {
      const [recorded] = await tx.batch(writes);
      if (eventId !== undefined && recorded === 0) throw new KnownEvent();
    }
    return { change, events };
  }
}

/** Where an order is to be placed, and by whom. */
type Placing = { readonly target: string; readonly customer: string };

/** What is read of where an order is placed. */
interface PlacedIn {
  readonly deal: Deal;
  readonly customer: Pick<Profile, 'shippingAddress'>;
}

/** Rolls back a placement in what does not exist. */
class UnknownTarget extends Error {
  override readonly name = 'UnknownTarget';
}

/** Rolls back what a repeated event would have changed again. */
class KnownEvent extends Error {
  override readonly name = 'KnownEvent';
}

/** A change with the time of it in all that it changes. */
function changedAt(change: Change, updateTime: Date): Change {
  return {
    ...change,
    orders: change.orders.map((order) => ({ ...order, updateTime })),
    group: change.group && { ...change.group, updateTime },
  };
}

/** Links the trace that changed orders with the traces in which they were placed. */
function linked(committed: Committed | undefined): Committed | undefined {
  for (const order of committed?.change.orders ?? []) linkWith(order.traceparent);
  return committed;
}

function toEvent({ aggregate, version, payload }: DomainEvent, now: Date): Event {
  return create(EventSchema, { id: randomUUID(), aggregate, version, occurredAt: timestampFromDate(now), payload });
}

/** How long a payment's task may try before the sweep steps in: longer than its attempts take. */
const settleAfterMs = 15 * 60_000;

/** Everything of an order that changes. */
function orderUpdate(order: Order, now: Date): Write {
  const activeCustomer = isActive(order) ? order.customer : undefined;
  return statements.updateOrder.with({ ...order, activeCustomer, nextSettleDueTime: new Date(now.getTime() + settleAfterMs) });
}

function emptyProfile(id: string): Profile {
  return { id, displayName: '', shippingAddress: undefined, version: 0n, updateTime: undefined };
}

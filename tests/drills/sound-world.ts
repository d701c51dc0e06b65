import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import type { Intent, LedgerEntry } from '../../deploy/local/outside-world/payment-provider/intents.ts';
import { receiverOf } from '../../services/job/domain/event-reactions.ts';
import { type Event, EventSchema } from '../../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { Journal } from './journal.ts';
import { createJournal } from './journal.ts';
import type { OrderRow, Snapshot } from './snapshot.ts';

type Mutable<T> =
  T extends ReadonlySet<infer U>
    ? Set<U>
    : T extends readonly (infer U)[]
      ? Mutable<U>[]
      : T extends Event
        ? T
        : T extends object
          ? { -readonly [K in keyof T]: Mutable<T[K]> }
          : T;

/** A state in which every invariant holds: a complete group of two, one of them shipped, and an expired one whose money was voided. For tests to break. */
export function soundWorld(): { snapshot: Mutable<Snapshot>; journal: Mutable<Journal> } {
  const orders = [
    order('a', 'full', { state: 'CONFIRMED', paymentState: 'CAPTURED' }),
    order('b', 'full', { state: 'SHIPPED', paymentState: 'CAPTURED' }),
    order('c', 'late', { state: 'CANCELLED', paymentState: 'VOIDED', cancelReason: 'GROUP_EXPIRED' }),
  ];
  const money: Record<string, readonly LedgerEntry['type'][]> = {
    a: ['authorize', 'capture'],
    b: ['authorize', 'capture'],
    c: ['authorize', 'void'],
  };
  const ledger = Object.entries(money).flatMap(([id, types]) => types.map((type) => entry(id, type)));
  const providerEvents = Object.entries(money).flatMap(([id, types]) =>
    types.map((type) => ({ provider: 'yamapay', id: `evt-${id}-${type}` })),
  );
  const published = [
    event('groups/full', 1n, { case: 'groupOpened', value: {} }),
    event('groups/late', 1n, { case: 'groupOpened', value: {} }),
    event('groups/full', 4n, { case: 'groupCompleted', value: { orders: ['orders/a', 'orders/b'] } }),
    event('groups/late', 3n, { case: 'groupExpired', value: { orders: ['orders/c'] } }),
    ...orders.map(({ name }) => event(name, 1n, { case: 'orderPlaced', value: {} })),
    event('orders/a', 4n, { case: 'orderConfirmed', value: {} }),
    event('orders/b', 4n, { case: 'orderConfirmed', value: {} }),
    event('orders/b', 2n, { case: 'orderShipped', value: {} }),
    event('orders/c', 3n, { case: 'orderCancelled', value: {} }),
    event('orders/c', 4n, { case: 'paymentVoidRequested', value: {} }),
    ...providerEvents.map(({ provider, id }, index) => ({
      ...event(`payments/yamapay/${index}`, 2n, { case: 'paymentStatusReported', value: {} }),
      id: createHash('sha256').update(`${provider}/${id}`).digest('hex'),
    })),
  ];
  const takenIn = (owner: string) => new Set(published.filter((each) => receiverOf(each) === owner).map(({ id }) => id));
  const journal = createJournal();
  for (const { name, customer, group } of orders) journal.placements.push({ customer, requestId: `request-${name}`, order: name, group });
  for (const { name } of orders) journal.confirmations.push({ order: name, intent: intentOf(name), status: 'authorized' });
  journal.shipments.push({ order: 'orders/b', trackingNumber: 'SW1' });
  journal.deals.push({ name: 'deals/knife', stock: 5 });
  const snapshot: Snapshot = {
    deals: [{ name: 'deals/knife', stock: 5, reserved: 2 }],
    groups: [
      { name: 'groups/full', deal: 'deals/knife', state: 'COMPLETED', size: 2, taken: 2, authorized: 2, version: 4n },
      { name: 'groups/late', deal: 'deals/knife', state: 'EXPIRED', size: 2, taken: 1, authorized: 1, version: 3n },
    ],
    orders,
    fulfilments: [
      { order: 'orders/a', state: 'TO_SHIP', trackingNumber: undefined },
      { order: 'orders/b', state: 'SHIPPED', trackingNumber: 'SW1' },
    ],
    outboxRows: { customer: 0, partner: 0, webhook: 0 },
    inbox: { customer: takenIn('customer'), partner: takenIn('partner') },
    providerEvents,
    published,
    deadLetters: 0,
    ledger,
    intents: orders.map(({ name, paymentState }) => intent(name, paymentState === 'VOIDED' ? 'voided' : 'captured')),
    shownToCustomers: orders.map(({ name, state, paymentState }) => ({
      name,
      state: `STATE_${state}`,
      paymentState: `PAYMENT_STATE_${paymentState}`,
    })),
    shownToPartner: [
      { name: 'orders/a', state: 'STATE_TO_SHIP' },
      { name: 'orders/b', state: 'STATE_SHIPPED' },
    ],
  };
  return { snapshot: snapshot as Mutable<Snapshot>, journal: journal as Mutable<Journal> };
}

/** An entry of the ledger for an order of the sound world. */
export function entry(id: string, type: LedgerEntry['type']): LedgerEntry {
  const reference = `orders/${id}`;
  return { intent: intentOf(reference), reference, type, amount_micros: '100000000', currency: 'JPY', at: '2026-01-01T00:00:00Z' };
}

/** A published event. */
export function event(aggregate: string, version: bigint, payload: Event['payload'] | { case: string; value: object }): Event {
  const id = `${aggregate} ${version} ${payload.case}`;
  return create(EventSchema, { id, aggregate, version, payload: payload as Event['payload'] });
}

/** An order of the sound world's deal. */
export function order(id: string, group: string, what: Pick<OrderRow, 'state' | 'paymentState'> & Partial<OrderRow>): OrderRow {
  const name = `orders/${id}`;
  return {
    name,
    customer: `customer-${id}`,
    group: `groups/${group}`,
    deal: 'deals/knife',
    quantity: 1,
    totalMicros: 100_000_000n,
    cancelReason: undefined,
    paymentId: intentOf(name),
    version: 4n,
    ...what,
  };
}

function intent(reference: string, status: Intent['status']): Intent {
  return { id: intentOf(reference), status, client_token: '', amount_micros: '100000000', currency: 'JPY', reference, sequence: 3 };
}

function intentOf(reference: string): string {
  return `pi_${reference}`;
}

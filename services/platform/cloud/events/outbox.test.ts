import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { beforeEach, expect, it } from 'vitest';
import { type Event, EventSchema } from '../../testing/fixture/gen/types/sample/event/v1/event_pb.js';
import { type RecordingPublisher, recordingPublisher } from '../../testing/recording-publisher.ts';
import type { Database, Transaction } from '../spanner/database.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { type OutboxRow, rowOf } from './outbox-rows.ts';

// What the outbox does with a database is tested on real ones (tests/message-cases.ts). Thousands of rows are not theirs.
const machineNow = Date.UTC(2026, 0, 1);
const inSeconds = (seconds: number) => new Date(machineNow + seconds * 1_000);
// Business time may be anywhere: a call's deadline does not know it.
const now = inSeconds(40 * 86_400);

let rows: OutboxRow[];
let readPages: number[];
let publisher: RecordingPublisher;
let outbox: Outbox;

beforeEach(() => {
  rows = [];
  readPages = [];
  publisher = recordingPublisher();
  outbox = createOutbox({
    schema: 'storage',
    eventType: EventSchema,
    database: databaseOf(),
    publisher,
    now: () => now,
    machineNow: () => machineNow,
  });
});

it('relays page by page, so that no more than a page is in hand', async () => {
  store(Array.from({ length: 1_200 }, (_, i) => newEvent(`books/${i}`, 1)));
  expect(await outbox.publishPending(10_000)).toEqual({ published: 1_200, failed: 0 });
  expect(readPages).toEqual([500, 500, 200]);
  expect(rows).toEqual([]);
});

it('relays no more rows than its limit, the oldest first', async () => {
  const events = Array.from({ length: 1_200 }, (_, i) => newEvent(`books/${i}`, 1));
  store(events);
  expect(await outbox.publishPending(700)).toEqual({ published: 700, failed: 0 });
  expect(rows.map(({ id }) => id)).toEqual(events.slice(700).map(({ id }) => id));
});

it('ends behind a page of which something failed: the next one may hold later events of the same aggregate', async () => {
  const events = [...Array.from({ length: 500 }, (_, i) => newEvent(`books/${i}`, 1)), newEvent('books/0', 2)];
  store(events);
  publisher.failing.add(events[0]!.id);
  expect(await outbox.publishPending(10_000)).toMatchObject({ published: 499, failed: 1 });
  expect(rows.map(({ id }) => id)).toEqual([events[0]!.id, events[500]!.id]);
  publisher.failing.clear();
  expect(await outbox.publishPending(10_000)).toEqual({ published: 2, failed: 0 });
  expect(publisher.published.slice(-2)).toEqual([events[0]!, events[500]!].map(({ id }) => `book-events books/0 ${id}`));
});

it('starts no page so late that it might not end before the deadline', async () => {
  store(Array.from({ length: 1_200 }, (_, i) => newEvent(`books/${i}`, 1)));
  expect(await outbox.publishPending(10_000, inSeconds(10))).toEqual({ published: 500, failed: 0 });
  expect(await outbox.publishPending(10_000, inSeconds(60))).toEqual({ published: 700, failed: 0 });
});

it('stores no event that Pub/Sub would refuse, as all later events of its aggregate would wait behind it', () => {
  const insert = (aggregate: string, attributes = {}) => outbox.insert(newEvent(aggregate, 1), attributes);
  expect(() => insert('é'.repeat(513))).toThrow('the ordering key has 1026 bytes: Pub/Sub takes at most 1024');
  expect(() => insert('books/1', { kumiko_preview: 'p'.repeat(1025) })).toThrow('the attribute "kumiko_preview" has 1025 bytes');
  insert('é'.repeat(512), { kumiko_preview: 'p'.repeat(1024) });
});

function store(events: readonly Event[]): void {
  rows.push(...events.map((event) => rowOf(EventSchema, event, {})));
}

function newEvent(aggregate: string, version: number): Event {
  return create(EventSchema, { id: randomUUID(), aggregate, version: BigInt(version), payload: { case: 'bookClosed', value: {} } });
}

/** Knows the two statements of the relay. */
function databaseOf(): Database {
  const transaction = {
    execute: async (_statement: unknown, [ids]: readonly unknown[]) => {
      const sent = new Set(ids as readonly string[]);
      rows = rows.filter(({ id }) => !sent.has(id));
      return sent.size;
    },
  } as unknown as Transaction;
  return {
    query: async (_statement: unknown, [limit]: readonly unknown[]) => {
      const page = rows.slice(0, limit as number);
      readPages.push(page.length);
      return page;
    },
    transact: <T>(body: (tx: Transaction) => Promise<T>) => body(transaction),
    close: async () => {},
  } as unknown as Database;
}

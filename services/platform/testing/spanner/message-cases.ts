import { randomUUID } from 'node:crypto';
import { create, fromBinary } from '@bufbuild/protobuf';
import { expect } from 'vitest';
import { inboxInsert } from '../../cloud/events/inbox.ts';
import { createOutbox } from '../../cloud/events/outbox.ts';
import type { Database } from '../../cloud/spanner/database.ts';
import { answerOnce, type RequestKey } from '../../cloud/spanner/request-ids.ts';
import { withPreview } from '../../contracts/preview.ts';
import { type Event, EventSchema } from '../fixture/gen/types/sample/event/v1/event_pb.js';
import { type RecordingPublisher, recordingPublisher } from '../recording-publisher.ts';
import {
  counterValue,
  increment,
  kindOf,
  newCounter,
  type StorageCase,
  type StorageTarget,
  storageStatements as sql,
} from './storage-case.ts';

const pendingIds = { name: 'storage.pendingIds', text: 'SELECT id FROM storage.outbox ORDER BY id' };
const clearOutbox = { name: 'storage.clearOutbox', text: 'DELETE FROM storage.outbox WHERE id IS NOT NULL' };

/** Outbox, inbox and request ids. */
export const messageCases: readonly StorageCase[] = [
  {
    name: 'outbox: publishes fresh events with topic, key and attributes, and deletes their rows',
    async run({ database }) {
      const { outbox, publisher, store } = await newOutbox(database);
      const event = newEvent('books/d1', 1);
      await store([event]);
      expect(await pending(database)).toEqual([event.id]);
      await outbox.publish([event]);
      expect(await pending(database)).toEqual([]);
      expect(publisher.published).toEqual([`book-events books/d1 ${event.id}`]);
      expect(publisher.messages[0]?.attributes).toEqual({ event_id: event.id, event_type: 'bookClosed' });
      expect(fromBinary(EventSchema, publisher.messages[0]!.data)).toEqual(event);
    },
  },
  {
    name: 'outbox: an event made for previews says so, also when the relay sends it',
    async run({ database }) {
      const { outbox, publisher, store } = await newOutbox(database);
      const [fresh, stored] = [newEvent('books/a', 1), newEvent('books/b', 1)];
      await withPreview('partner=pr-1', async () => {
        await store([fresh, stored]);
        await outbox.publish([fresh]);
      });
      await outbox.publishPending(10);
      expect(publisher.messages.map(({ attributes }) => attributes['kumiko_preview'])).toEqual(['partner=pr-1', 'partner=pr-1']);
    },
  },
  {
    name: 'outbox: leaves what could not be published, tells so, and the relay sends it',
    async run({ database }) {
      const { outbox, publisher, store } = await newOutbox(database);
      const events = [newEvent('books/a', 1), newEvent('books/b', 1)];
      await store(events, { kumiko_preview: 'pr-1' });
      publisher.failing.add(events[0]!.id);
      await expect(outbox.publish(events, { kumiko_preview: 'pr-1' })).rejects.toThrow('1 events are left in storage.outbox');
      expect(await pending(database)).toEqual([events[0]!.id]);
      expect(await outbox.publishPending(10)).toMatchObject({ published: 0, failed: 1, error: expect.any(Error) });
      publisher.failing.clear();
      expect(await outbox.publishPending(10)).toEqual({ published: 1, failed: 0 });
      expect(publisher.messages.at(-1)?.attributes).toMatchObject({ event_id: events[0]!.id, kumiko_preview: 'pr-1' });
      expect(await outbox.publishPending(10)).toEqual({ published: 0, failed: 0 });
    },
  },
  {
    name: 'outbox: never publishes an event of an aggregate before an earlier one that failed',
    async run({ database }) {
      const { outbox, publisher, store } = await newOutbox(database);
      const [first, second, third] = [newEvent('books/d1', 1), newEvent('books/d1', 2), newEvent('books/d1', 3)];
      await store([first, second]);
      publisher.failing.add(first.id);
      await expect(outbox.publish([first, second])).rejects.toThrow('2 events are left');
      publisher.failing.clear();
      await store([third]);
      await outbox.publish([third]);
      expect(publisher.published).toEqual([first, second, third].map((event) => `book-events books/d1 ${event.id}`));
      expect(await pending(database)).toEqual([]);
    },
  },
  {
    name: 'outbox: the relay publishes the oldest first and each aggregate by version, up to its limit',
    async run({ database }) {
      const { outbox, publisher, store } = await newOutbox(database);
      const events = [newEvent('books/a', 1), newEvent('books/a', 2), newEvent('books/b', 1), newEvent('books/a', 3)];
      for (const event of events) await store([event]);
      expect(await outbox.publishPending(3)).toEqual({ published: 3, failed: 0 });
      expect(await pending(database)).toEqual([events[3]!.id]);
      expect(publisher.published.filter((line) => line.includes('books/a'))).toEqual([
        `book-events books/a ${events[0]!.id}`,
        `book-events books/a ${events[1]!.id}`,
      ]);
    },
  },
  {
    name: 'outbox: tells how much waits, and for how long the oldest does',
    async run({ database }) {
      const { outbox, store, clock } = await newOutbox(database);
      expect(await outbox.backlog()).toEqual({ rows: 0, lagSeconds: 0 });
      await store([newEvent('books/a', 1)]);
      clock.ms += 90_000;
      await store([newEvent('books/b', 1)]);
      expect(await outbox.backlog()).toEqual({ rows: 2, lagSeconds: 90.002 });
      await outbox.publishPending(10);
      expect(await outbox.backlog()).toEqual({ rows: 0, lagSeconds: 0 });
    },
  },
  {
    name: 'outbox: tells which events of some aggregates wait, by their versions',
    async run({ database }) {
      const { outbox, store } = await newOutbox(database);
      const events = [newEvent('books/a', 2), newEvent('books/b', 1), newEvent('books/a', 1), newEvent('books/c', 3)];
      await store(events);
      const ids = async (...aggregates: string[]) => (await outbox.waiting(aggregates)).map(({ id }) => id);
      expect(await ids('books/a', 'books/c', 'books/none')).toEqual([events[2]!.id, events[0]!.id, events[3]!.id]);
      expect(await ids('books/none')).toEqual([]);
    },
  },
  {
    name: 'outbox: two relays at once lose nothing, whatever each of them fails to publish',
    async run({ database }) {
      const one = await newOutbox(database);
      const two = await newOutbox(database);
      const events = Array.from({ length: 20 }, (_, i) => newEvent(`books/${i % 5}`, i + 1));
      await one.store(events);
      let open = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      Object.assign(one.publisher, { gate });
      Object.assign(two.publisher, { gate });
      one.publisher.failing.add(events[0]!.id);
      two.publisher.failing.add(events[1]!.id);
      const rounds = [one.outbox.publishPending(100), two.outbox.publishPending(100)];
      open();
      await Promise.all(rounds);
      one.publisher.failing.clear();
      await one.outbox.publishPending(100);
      const published = new Set([...one.publisher.published, ...two.publisher.published].map((line) => line.split(' ').at(-1)));
      expect(published).toEqual(new Set(events.map((event) => event.id)));
      expect(await pending(database)).toEqual([]);
    },
  },
  {
    name: 'outbox: an event whose transaction rolled back is never published',
    async run({ database }) {
      const { outbox, publisher } = await newOutbox(database);
      const rolledBack = database.transact(async (tx) => {
        await tx.batch([outbox.insert(newEvent('books/d1', 1))]);
        throw new Error('no');
      });
      await expect(rolledBack).rejects.toThrow('no');
      await outbox.publishPending(10);
      expect(publisher.published).toEqual([]);
    },
  },
  {
    name: 'inbox: tells a new event from one that was handled, in the batch of its effect',
    async run(target) {
      const id = await newCounter(target, 0);
      const eventId = randomUUID();
      const handle = () =>
        target.database.transact((tx) =>
          tx.batch([inboxInsert('storage', eventId, new Date('2026-01-01T00:00:00Z')), [sql.setCounter, [id, 1]]]),
        );
      expect(await handle()).toEqual([1, 1]);
      expect(await handle()).toEqual([0, 1]);
    },
  },
  {
    name: 'request ids: the first request costs no round trip of its own',
    async run(target) {
      const id = await newCounter(target, 0);
      target.proxy.forget();
      await once(target, newKey('a'), id, 'first');
      expect(target.proxy.calls).toEqual(['ExecuteStreamingSql', 'ExecuteStreamingSql', 'ExecuteBatchDml', 'Commit']);
    },
  },
  {
    name: 'request ids: a repeated request gets the first answer and has no second effect, also where it would now be refused',
    async run(target) {
      const id = await newCounter(target, 0);
      const key = newKey('a');
      expect(await once(target, key, id, 'first')).toEqual({ answer: 'first', replayed: false });
      expect(await once(target, key, id, 'second')).toEqual({ answer: 'first', replayed: true });
      expect(await once(target, key, id, new Error('the room is full'))).toEqual({ answer: 'first', replayed: true });
      expect(await counterValue(target, id)).toBe(1n);
    },
  },
  {
    name: 'request ids: at the same time only one takes effect',
    async run(target) {
      const id = await newCounter(target, 0);
      const key = newKey('a');
      const answers = await Promise.all(['x', 'y', 'z'].map((answer) => once(target, key, id, answer)));
      expect(new Set(answers.map(({ answer }) => answer)).size).toBe(1);
      expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await counterValue(target, id)).toBe(1n);
    },
  },
  {
    name: 'request ids: the same id with another body is INVALID_ARGUMENT, and of another caller a new request',
    async run(target) {
      const id = await newCounter(target, 0);
      const key = newKey('a');
      await once(target, key, id, 'first');
      await expect(once(target, { ...key, fingerprint: 'b' }, id, 'second')).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
      expect(await once(target, { ...key, caller: 'bob' }, id, 'bobs')).toEqual({ answer: 'bobs', replayed: false });
    },
  },
  {
    name: 'request ids: a request that was refused is not remembered',
    async run(target) {
      const id = await newCounter(target, 0);
      const key = newKey('a');
      await expect(once(target, key, id, new Error('the room is full'))).rejects.toThrow('the room is full');
      expect(await once(target, key, id, 'now it works')).toEqual({ answer: 'now it works', replayed: false });
    },
  },
  {
    name: "request ids: a violation in the effect's own writes is passed on",
    async run(target) {
      const id = await newCounter(target, 0);
      const effect = async () => ({ response: Buffer.from('x'), writes: [[sql.insertCounter, [id, 1]]] as const });
      expect(await kindOf(answerOnce({ schema: 'storage', database: target.database, now: new Date() }, newKey('a'), effect))).toBe(
        'unique',
      );
    },
  },
];

async function newOutbox(database: Database) {
  await database.transact((tx) => tx.execute(clearOutbox));
  const publisher: RecordingPublisher = recordingPublisher();
  const clock = { ms: Date.UTC(2026, 0, 1) };
  const outbox = createOutbox({ schema: 'storage', eventType: EventSchema, database, publisher, now: () => new Date(clock.ms++) });
  const store = (events: readonly Event[], attributes?: Record<string, string>) =>
    database.transact((tx) => tx.batch(events.map((event) => outbox.insert(event, attributes))));
  return { outbox, publisher, store, clock };
}

function newEvent(aggregate: string, version: number): Event {
  return create(EventSchema, { id: randomUUID(), aggregate, version: BigInt(version), payload: { case: 'bookClosed', value: {} } });
}

async function pending(database: Database): Promise<unknown[]> {
  return (await database.query(pendingIds)).map((row) => row['id']);
}

function newKey(fingerprint: string): RequestKey {
  return { caller: 'alice', method: 'OpenRoom', requestId: randomUUID(), fingerprint };
}

/** A request that increments a counter and answers with a text, or is refused. */
async function once(target: StorageTarget, key: RequestKey, counter: string, answer: string | Error) {
  const { response, replayed } = await answerOnce({ schema: 'storage', database: target.database, now: new Date() }, key, async (tx) => {
    await increment(tx, counter);
    if (answer instanceof Error) throw answer;
    return { response: Buffer.from(answer), writes: [] };
  });
  return { answer: Buffer.from(response).toString(), replayed };
}

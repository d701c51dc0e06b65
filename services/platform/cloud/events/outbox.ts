import type { DescMessage } from '@bufbuild/protobuf';
import { eventTopics, services } from '../../contracts/services.ts';
import type { Database, Write } from '../spanner/database.ts';
import { depthOf } from '../spanner/tables/depth.ts';
import { checkEventType, type DomainEvent, topicOf } from './domain-event.ts';
import { checkMessage } from './event-message.ts';
import type { EventPublisher } from './event-publisher.ts';
import { type OutboxRow, outboxStatements, rowOf } from './outbox-rows.ts';
import { sendRow } from './outbox-send.ts';

/** What a round of publishing did. What failed stays in the outbox. */
export interface PublishResult {
  readonly published: number;
  readonly failed: number;
  /** The first failure, for the log. */
  readonly error?: unknown;
}

/** What waits in an outbox. */
interface Backlog {
  /** Counted up to 10,000: counting on would only cost. */
  readonly rows: number;
  /** For how long the oldest event waits; 0 where none does. */
  readonly lagSeconds: number;
}

/** Events of one schema, stored with their cause and published afterwards: at least once, for each aggregate in the order of its versions. */
export interface Outbox {
  /**
   * The statement that stores an event, for the transaction of its cause: in `tx.batch` it costs no round trip of its own. `attributes` travel with the
   * event beside `event_id`, `event_type` and `traceparent`.
   *
   * @throws {TypeError} where the event's payload has no topic, or the message would be larger than Pub/Sub takes: then nothing is stored.
   */
  insert(event: DomainEvent, attributes?: Readonly<Record<string, string>>): Write;
  /**
   * Publishes events whose transaction has just been committed, and deletes their rows, without reading them first. For the end of the request that made
   * them. An aggregate of which an earlier event could not be published is read again and sent in order.
   *
   * @throws where events could not be published, and are left for the relay, or their rows could not be deleted, and the relay publishes them again.
   */
  publish(events: readonly DomainEvent[], attributes?: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Publishes what is stored, the oldest first, at most `limit` rows, page by page: memory does not grow with what has piled up, and what is published of it
   * is deleted soon. Ends where something of a page could not be published, and in good time before the deadline, if there is one. For the relay. Two at
   * once may publish an event twice; consumers expect that.
   *
   * @throws {DatabaseError} where the rows cannot be read or deleted.
   */
  publishPending(limit: number, deadline?: Date): Promise<PublishResult>;
  /** What is stored and not published. @throws {DatabaseError} */
  backlog(): Promise<Backlog>;
  /** What is stored of these aggregates and not published, by version. @throws {DatabaseError} */
  waiting(aggregates: readonly string[]): Promise<readonly OutboxRow[]>;
}

/** What an outbox is made of. */
interface OutboxOptions {
  /** The schema that owns the table `outbox`. */
  readonly schema: string;
  /** The product's message of events. */
  readonly eventType: DescMessage;
  readonly database: Database;
  readonly publisher: EventPublisher;
  readonly now: () => Date;
  /** The machine's time, in milliseconds, which a call's deadline is in. `Date.now` by default. */
  readonly machineNow?: () => number;
}

/** Rows that a relay has in hand at one time. Messages that are on their way together share the time that one may take. */
const pageRows = 500;

/** What a page may take: a message takes ten seconds at most. */
const pageMs = 15_000;

/** An outbox in the table `outbox` of a schema, as `outboxOf` defines it. */
export function createOutbox({ schema, eventType, database, publisher, now, machineNow = Date.now }: OutboxOptions): Outbox {
  checkEventType(eventType);
  // The tests of the platform have a schema of their own, which is no service's.
  const topics = services.find(({ name }) => name === schema)?.publishes ?? eventTopics;
  const statements = outboxStatements(schema);
  /** Aggregates of which this process failed to publish an event: their next events wait for it. */
  const behind = new Set<string>();

  async function send(rows: readonly OutboxRow[]): Promise<PublishResult> {
    if (rows.length === 0) return { published: 0, failed: 0 };
    const sent: string[] = [];
    const errors: unknown[] = [];
    const inOrder = rows.toSorted((a, b) => Number(a.version - b.version));
    await Promise.all(
      [...Map.groupBy(inOrder, (row) => row.aggregate)].map(async ([aggregate, ofAggregate]) => {
        try {
          for (const row of ofAggregate) {
            await sendRow(publisher, eventType, row);
            sent.push(row.id);
          }
          behind.delete(aggregate);
        } catch (error) {
          behind.add(aggregate);
          errors.push(error);
        }
      }),
    );
    if (sent.length > 0) await database.transact((tx) => tx.execute(...statements.deleteOutbox.with({ ids: sent })));
    return { published: sent.length, failed: rows.length - sent.length, ...(errors.length > 0 && { error: errors[0] }) };
  }

  async function pendingOf(aggregates: readonly string[]): Promise<OutboxRow[]> {
    return aggregates.length === 0 ? [] : statements.pendingOfAggregates.all(database, { aggregates });
  }

  return {
    insert(event, attributes = {}) {
      const topic = topicOf(eventType, event);
      if (!topics.includes(topic))
        throw new TypeError(`event ${event.id}: ${schema} does not publish to "${topic}": see (kumiko.platform.v1.publishes)`);
      const row = rowOf(eventType, event, attributes);
      checkMessage({ data: row.event, attributes: row.attributes, orderingKey: row.aggregate });
      return statements.insertOutbox.with({ ...row, createTime: now() });
    },

    async publish(events, attributes = {}) {
      const late = new Set(events.map((event) => event.aggregate).filter((aggregate) => behind.has(aggregate)));
      const fresh = events.filter((event) => !late.has(event.aggregate)).map((event) => rowOf(eventType, event, attributes));
      const { failed, error } = await send([...fresh, ...(await pendingOf([...late]))]);
      if (failed > 0) throw new Error(`${failed} events are left in ${schema}.outbox for the relay`, { cause: error });
    },

    async publishPending(limit, deadline) {
      let published = 0;
      for (;;) {
        const asked = Math.min(pageRows, limit - published);
        const rows = await statements.pending.all(database, { limit: asked });
        const result = await send(rows);
        published += result.published;
        const isLate = deadline !== undefined && machineNow() > deadline.getTime() - pageMs;
        // A later page could hold the next events of an aggregate that has failed.
        if (result.failed > 0 || rows.length < asked || published >= limit || isLate) return { ...result, published };
      }
    },

    async backlog() {
      const { rows, oldestSeconds = 0 } = await depthOf(database, statements.backlog, now());
      return { rows, lagSeconds: oldestSeconds };
    },

    waiting: (aggregates) => pendingOf(aggregates),
  };
}

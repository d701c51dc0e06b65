import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import type { Broker } from '../deploy/local/cloud/pubsub/broker.ts';
import { pullSubscription } from '../deploy/local/platform/topology.ts';
import { createOutbox } from '../services/platform/cloud/events/outbox.ts';
import { type Database, defineStatements } from '../services/platform/cloud/spanner/database.ts';
import { type Event, EventSchema } from '../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { MaintenanceService } from '../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { clientFor, project } from '../services/platform/testing/test-service.ts';
import { machine } from './load/compare.ts';
import { peakResidentBytes, watchMemory } from './load/memory.ts';
import { cpuMilliseconds } from './load/process-cpu.ts';
import { startCustomerSurroundings } from './servers/customer-surroundings.ts';
import { type ImageService, startImageService } from './servers/image-service.ts';

export const question =
  'How many rows a second does the relay publish of 10,000 that are left in an outbox, and what memory does the service have at most?';

const rowCount = 10_000;
const eventsOfEachOrder = 4;
const rowsOfEachInsert = 500;
const topic = 'order-events';
const megabyte = 1e6;

/** Events of orders whose publishing has failed, and one call of the relay in the customer service as its image holds it. */
export async function run(report: (line: string) => void): Promise<void> {
  const surroundings = await startCustomerSurroundings();
  const database = surroundings.openDatabase();
  let service: ImageService | undefined;
  try {
    const { broker, proxy } = surroundings;
    const published = subscribe(broker);
    const events = await fillOutbox(database);
    service = await startImageService('customer', surroundings.environment);
    const { pid, url } = service;
    const owner = clientFor(MaintenanceService, url, 'job');
    proxy.forget();
    const cpuBefore = cpuMilliseconds(pid);
    const startedAt = performance.now();
    const { result, largestBytes } = await watchMemory(pid, () => owner.relayOutbox({ limit: rowCount }));
    const seconds = (performance.now() - startedAt) / 1_000;
    owner.close();
    if (result.published !== rowCount || result.failed !== 0) throw new Error(`${result.published} published, ${result.failed} failed`);
    await checkPublished(published(), events, database);
    const cpuMicros = ((cpuMilliseconds(pid) - cpuBefore) * 1_000) / rowCount;
    report(machine());
    report(
      `${rowCount} rows in ${seconds.toFixed(1)} s: ${(rowCount / seconds).toFixed(0)} rows/s, CPU ${cpuMicros.toFixed(0)} µs for each; ` +
        `${proxy.calls.length} round trips to the database`,
    );
    report(
      `the service had ${(peakResidentBytes(pid) / megabyte).toFixed(0)} MB at most (RSS; PSS ${(largestBytes / megabyte).toFixed(0)} MB); ` +
        'each event is published once, and in its order',
    );
  } finally {
    await service?.stop();
    await database.close();
    await surroundings.close();
  }
}

/** Rows as the service's own transactions write them. */
async function fillOutbox(database: Database): Promise<Event[]> {
  const publisher = {
    publish: () => Promise.reject(new Error('what is stored here is left for the relay')),
    close: async () => {},
  };
  const outbox = createOutbox({ schema: 'customer', eventType: EventSchema, database, publisher, now: () => new Date() });
  const events = Array.from({ length: rowCount / eventsOfEachOrder }, () => `orders/${randomUUID()}`).flatMap((order) =>
    Array.from({ length: eventsOfEachOrder }, (_, index) => orderEvent(order, BigInt(index + 1))),
  );
  for (let from = 0; from < rowCount; from += rowsOfEachInsert) {
    const inserts = events.slice(from, from + rowsOfEachInsert).map((event) => outbox.insert(event));
    await database.transact((tx) => tx.batch(inserts));
  }
  return events;
}

function orderEvent(order: string, version: bigint): Event {
  return create(EventSchema, {
    id: randomUUID(),
    aggregate: order,
    version,
    occurredAt: timestampNow(),
    payload: { case: 'orderCancelled', value: { partner: 'partners/acme' } },
  });
}

/** Keeps what is published from now on, in its order. */
function subscribe(broker: Broker): () => readonly string[] {
  const subscription = { ...pullSubscription(project, 'bench', topic), ackDeadlineSeconds: 600 };
  broker.createSubscription(subscription);
  return () =>
    broker
      .subscriber(subscription.name)
      .take(Number.POSITIVE_INFINITY)
      .toSorted((a, b) => a.message.messageId - b.message.messageId)
      .map(({ message }) => message.attributes['event_id'] ?? '');
}

async function checkPublished(ids: readonly string[], events: readonly Event[], database: Database): Promise<void> {
  const byId = new Map(events.map((event) => [event.id, event]));
  const versions = new Map<string, bigint>();
  for (const id of ids) {
    const event = byId.get(id);
    if (event === undefined) throw new Error(`event "${id}" was published twice, or was never stored`);
    byId.delete(id);
    if (event.version !== (versions.get(event.aggregate) ?? 0n) + 1n)
      throw new Error(`${event.aggregate}: version ${event.version} is out of order`);
    versions.set(event.aggregate, event.version);
  }
  if (byId.size > 0) throw new Error(`${byId.size} events were not published`);
  const [left] = await database.query(
    defineStatements('bench', { countOutbox: 'SELECT count(*) AS count FROM customer.outbox' }).countOutbox,
  );
  if (Number(left?.['count']) !== 0) throw new Error(`${left?.['count']} rows are left in customer.outbox`);
}

import { setTimeout as delay } from 'node:timers/promises';
import { createEventPublisher, type EventPublisher } from '../services/cloud/event-publisher.ts';
import { messageOf, rowOf } from '../services/cloud/outbox-rows.ts';
import type { Event } from '../services/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { machine, median } from './load/compare.ts';
import { type LoadProcess, startLoadProcess } from './load/load.ts';
import { cpuMilliseconds } from './load/process-cpu.ts';
import { dealEvent } from './servers/deal-event.ts';
import { type HopLoads, hopLoads } from './servers/hop-loads.ts';
import { type BenchPlatform, startBenchPlatform } from './servers/platform.ts';

export const question =
  'How many events a second go from Pub/Sub through the jobs gateway and the job service into their owner, and what is the share of each hop?';

const warmUpEvents = 600;
const roundEvents = 400;
const rounds = 7;
const pollMs = 200;

/** A way of events into the owner's database, each one hop longer than the one before. Answers their number per second. */
interface Way {
  /** The hop that it has and the one before has not. */
  readonly hop: string;
  readonly deliver: (events: readonly Event[]) => Promise<number>;
}

/**
 * Delivers the same number of fresh events, as many at one time as the local Pub/Sub pushes, at each hop of the way in turn. What a hop costs is the time for
 * an event that its way takes more than the one without it.
 */
export async function run(report: (line: string) => void): Promise<void> {
  const bench = await startBenchPlatform();
  const publisher = createEventPublisher({ project: bench.platform.endpoints.project });
  const load = startLoadProcess();
  try {
    const ways = waysOf(bench, await hopLoads(bench), load, publisher);
    let delivered = 0;
    const deliver = async ({ deliver: way }: Way, count: number): Promise<number> => {
      const perSecond = await way(Array.from({ length: count }, () => dealEvent({ groupSize: 3, stock: 300 })));
      delivered += count;
      await checkApplied(bench, delivered);
      return perSecond;
    };
    for (const way of ways) await deliver(way, warmUpEvents);
    const results: number[][] = ways.map(() => []);
    const cpu: Record<string, number>[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [index, way] of ways.entries()) {
        const before = cpuOf(bench);
        results[index]!.push(await deliver(way, roundEvents));
        const after = cpuOf(bench);
        // The last way is the whole one.
        cpu[round] = Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ((ms - before[name]!) * 1_000) / roundEvents]));
      }
    }
    report(machine());
    reportShares(report, ways, results.map(median));
    report(`CPU in µs for each event on the whole way: ${describeCpu(cpu)}`);
  } finally {
    load.stop();
    await publisher.close();
    await bench.close();
  }
}

function waysOf(bench: BenchPlatform, loads: HopLoads, load: LoadProcess, publisher: EventPublisher): Way[] {
  const through = (loadOf: HopLoads[keyof HopLoads]) => async (events: readonly Event[]) => (await load.runOnce(loadOf(events))).perSecond;
  return [
    { hop: "owner's transaction", deliver: through(loads.owner) },
    { hop: "job service and the owner's IAM check", deliver: through(loads.jobService) },
    { hop: "the job service's IAM check", deliver: through(loads.iamCheck) },
    { hop: 'jobs gateway', deliver: through(loads.gateway) },
    { hop: 'Pub/Sub', deliver: (events) => publishAll(bench, publisher, events) },
  ];
}

/** From the first call of the publisher until the owner records the last event: by the time that stands in its row, so that nobody has to ask often. */
async function publishAll({ rows }: BenchPlatform, publisher: EventPublisher, events: readonly Event[]): Promise<number> {
  const inbox = 'SELECT count(*) AS count, max(create_time) AS last FROM customer.inbox';
  const [before] = await rows(inbox);
  const expected = Number(before?.count) + events.length;
  const startedAt = Date.now();
  await Promise.all(
    events.map((event) => {
      const { topic, message } = messageOf(rowOf(event, {}));
      return publisher.publish(topic, message);
    }),
  );
  for (;;) {
    const [{ count, last } = {}] = await rows(inbox);
    if (Number(count) >= expected) return (events.length * 1_000) / ((last as Date).getTime() - startedAt);
    await delay(pollMs);
  }
}

/** Every event was recorded, and has had its effect, once. */
async function checkApplied({ rows }: BenchPlatform, expected: number): Promise<void> {
  const [row] = await rows(
    'SELECT (SELECT count(*) FROM customer.inbox) AS events, (SELECT count(*) FROM customer.deal_allocations) AS deals',
  );
  if (Number(row?.events) !== expected || Number(row?.deals) !== expected) {
    throw new Error(`${expected} events were delivered, ${row?.events} are recorded, and made ${row?.deals} deals`);
  }
}

function reportShares(report: (line: string) => void, ways: readonly Way[], perSecond: readonly number[]): void {
  const msOf = (index: number) => (index < 0 ? 0 : 1_000 / perSecond[index]!);
  const last = ways.length - 1;
  report(
    `${perSecond[last]!.toFixed(0)} events/s from Pub/Sub to the owner: ${msOf(last).toFixed(2)} ms for each. Of that, by leaving out one hop after the other:`,
  );
  for (const [index, { hop }] of ways.entries()) {
    const ms = msOf(index) - msOf(index - 1);
    report(
      `  ${hop}: ${ms.toFixed(2)} ms, ${((100 * ms) / msOf(last)).toFixed(0)} % (${perSecond[index]!.toFixed(0)} events/s up to here)`,
    );
  }
}

const processNames = {
  cloud: 'Pub/Sub and IAM checks',
  jobs: 'jobs gateway',
  job: 'job service',
  customer: 'customer service',
  spanner: 'Spanner',
} as const;

function cpuOf({ platform }: BenchPlatform): Record<string, number> {
  const names = Object.keys(processNames) as (keyof typeof processNames)[];
  return Object.fromEntries(names.map((name) => [processNames[name], cpuMilliseconds(platform.pid(name)!)]));
}

function describeCpu(byRound: readonly Record<string, number>[]): string {
  const names = Object.values(processNames);
  return names.map((name) => `${name} ${median(byRound.map((round) => round[name]!)).toFixed(0)}`).join(', ');
}

import { setTimeout as delay } from 'node:timers/promises';
import { createEventPublisher, type EventPublisher } from '../services/platform/cloud/events/event-publisher.ts';
import { messageOf, rowOf } from '../services/platform/cloud/events/outbox-rows.ts';
import { type Event, EventSchema } from '../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
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

/** What a round of a way has seen. */
interface Round {
  readonly perSecond: number;
  /** CPU time for each event by process, in milliseconds. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

/**
 * Delivers the same number of fresh events, as many at one time as the local Pub/Sub pushes, at each hop of the way in turn. What a hop costs is what its way
 * takes for an event more than the one without it: of time, and of the CPU time of all processes together, which the load of others on the machine changes
 * least.
 */
export async function run(report: (line: string) => void): Promise<void> {
  const bench = await startBenchPlatform();
  const publisher = createEventPublisher({ project: bench.platform.endpoints.project });
  const load = startLoadProcess();
  try {
    const ways = waysOf(bench, await hopLoads(bench), load, publisher);
    let delivered = 0;
    const deliver = async (way: Way, count: number): Promise<Round> => {
      const events = Array.from({ length: count }, () => dealEvent({ groupSize: 3, stock: 300 }));
      const before = cpuOf(bench);
      const perSecond = await way.deliver(events);
      const cpuMs = Object.entries(cpuOf(bench)).map(([name, ms]) => [name, (ms - before[name]!) / count] as const);
      delivered += count;
      await checkApplied(bench, delivered);
      return { perSecond, cpuMs: Object.fromEntries(cpuMs) };
    };
    for (const way of ways) await deliver(way, warmUpEvents);
    const results: Round[][] = ways.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, way] of ways.entries()) results[index]!.push(await deliver(way, roundEvents));
    }
    report(machine());
    reportShares(report, ways, results);
    report(`CPU time for an event on the whole way: ${describeProcesses(results.at(-1)!)}`);
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
  const expected = Number(before?.['count']) + events.length;
  const startedAt = Date.now();
  await Promise.all(
    events.map((event) => {
      const { topic, message } = messageOf(EventSchema, rowOf(EventSchema, event, {}));
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
  if (Number(row?.['events']) !== expected || Number(row?.['deals']) !== expected) {
    throw new Error(`${expected} events were delivered, ${row?.['events']} are recorded, and made ${row?.['deals']} deals`);
  }
}

function reportShares(report: (line: string) => void, ways: readonly Way[], results: readonly (readonly Round[])[]): void {
  const costs = results.map((rounds) => ({
    ms: median(rounds.map(({ perSecond }) => 1_000 / perSecond)),
    cpuMs: median(rounds.map(({ cpuMs }) => Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0))),
  }));
  const whole = costs.at(-1)!;
  const share = (part: number, all: number) => `${part.toFixed(2)} ms (${((100 * part) / all).toFixed(0)} %)`;
  report(
    `${(1_000 / whole.ms).toFixed(0)} events/s from Pub/Sub to the owner: ${whole.ms.toFixed(2)} ms, ${whole.cpuMs.toFixed(2)} ms of CPU time for each. Of that, by leaving out one hop after the other:`,
  );
  for (const [index, { hop }] of ways.entries()) {
    const { ms, cpuMs } = costs[index]!;
    const before = costs[index - 1] ?? { ms: 0, cpuMs: 0 };
    report(
      `  ${hop}: ${share(ms - before.ms, whole.ms)}, CPU ${share(cpuMs - before.cpuMs, whole.cpuMs)}; up to here ${(1_000 / ms).toFixed(0)} events/s`,
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

function describeProcesses(rounds: readonly Round[]): string {
  const names = Object.values(processNames);
  return names.map((name) => `${name} ${median(rounds.map(({ cpuMs }) => cpuMs[name]!)).toFixed(2)} ms`).join(', ');
}

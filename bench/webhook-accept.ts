import { fork } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { databaseEnvironment } from '../deploy/local/platform/service-environment.ts';
import { machine, median } from './load/compare.ts';
import { type LoadProcess, type RestLoad, startLoadProcess } from './load/load.ts';
import { cpuMilliseconds } from './load/process-cpu.ts';
import { type BenchPlatform, startBenchPlatform } from './servers/platform.ts';

export const question =
  'How many webhooks are accepted (edge gateway, IAM check, service, commit) of the rows that a bare loop commits to the same store? (target: at least 0.5)';

const warmUpEvents = 1_500;
const roundEvents = 600;
const rounds = 11;
const concurrency = 20;
const provider = 'yamapay';
/** A type that the platform does not know: it is kept and acknowledged, and nothing but the inbox's row is written. */
const type = 'payment.reviewed';

/** An event that no round had before. */
interface InboxEvent {
  readonly id: string;
  readonly body: string;
}

/** What the process of servers/store-commits.ts is told. */
export interface CommitOrder {
  readonly events: readonly InboxEvent[];
  readonly provider: string;
  readonly type: string;
  readonly concurrency: number;
}

/** What it answers. */
export interface CommitReport {
  readonly perSecond: number;
}

interface Round {
  readonly perSecond: number;
  /** CPU time for one event by process, in microseconds. */
  readonly cpuMicros: Readonly<Record<string, number>>;
}

/** The platform's webhooks and the bare loop in turn, each with as many events and as many at one time. */
export async function run(report: (line: string) => void): Promise<void> {
  const bench = await startBenchPlatform();
  const load = startLoadProcess();
  const loop = startCommitLoop(bench);
  try {
    const contenders = [
      { name: 'webhooks', run: (events: number) => acceptWebhooks(bench, load, events), processes: processesOf(bench) },
      { name: 'bare loop', run: loop.commit, processes: { loop: loop.pid, spanner: bench.platform.pid('spanner')! } },
    ];
    for (const contender of contenders) await contender.run(warmUpEvents);
    const results: Round[][] = contenders.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, contender] of contenders.entries()) results[index]!.push(await measured(contender));
    }
    await checkRows(bench);
    report(machine());
    for (const [index, { name }] of contenders.entries()) report(describe(name, results[index]!));
    const [ours, base] = results.map((all) => ({
      perSecond: all.map(({ perSecond }) => perSecond),
      cpu: all.map(({ cpuMicros }) => Object.values(cpuMicros).reduce((sum, micros) => sum + micros, 0)),
    }));
    report(
      `ratio ${median(ours!.perSecond.map((value, round) => value / base!.perSecond[round]!)).toFixed(2)} by events per second (target 0.5), ` +
        `${median(base!.cpu.map((value, round) => value / ours!.cpu[round]!)).toFixed(2)} by CPU time`,
    );
  } finally {
    load.stop();
    loop.stop();
    await bench.close();
  }
}

function processesOf({ platform }: BenchPlatform): Record<string, number> {
  const names = { edge: 'edge gateway', cloud: 'IAM check', webhook: 'webhook service', spanner: 'spanner' } as const;
  return Object.fromEntries((Object.keys(names) as (keyof typeof names)[]).map((name) => [names[name], platform.pid(name)!]));
}

async function measured(contender: {
  readonly run: (events: number) => Promise<number>;
  readonly processes: Readonly<Record<string, number>>;
}): Promise<Round> {
  const cpu = () => Object.values(contender.processes).map(cpuMilliseconds);
  const before = cpu();
  const perSecond = await contender.run(roundEvents);
  const after = cpu();
  const cpuMicros = Object.keys(contender.processes).map((name, index) => [name, ((after[index]! - before[index]!) * 1_000) / roundEvents]);
  return { perSecond, cpuMicros: Object.fromEntries(cpuMicros) };
}

function describe(name: string, all: readonly Round[]): string {
  const cpu = Object.keys(all[0]!.cpuMicros).map(
    (process) => `${process} ${median(all.map(({ cpuMicros }) => cpuMicros[process]!)).toFixed(0)}`,
  );
  return `${name}: ${median(all.map(({ perSecond }) => perSecond)).toFixed(0)} events/s; CPU in µs for each: ${cpu.join(', ')}`;
}

/** Signed as the provider signs. The load fails where one is not answered with 200. */
async function acceptWebhooks({ platform }: BenchPlatform, load: LoadProcess, count: number): Promise<number> {
  const t = Math.floor(Date.now() / 1_000);
  const requests = eventsOf(count).map(({ body }) => {
    const v1 = createHmac('sha256', secretOf(platform.secrets, 'payment-webhook')).update(`${t}.${body}`).digest('hex');
    return { method: 'POST', path: `/v1/webhooks/payments/${provider}`, headers: { 'yamapay-signature': `t=${t},v1=${v1}` }, body };
  });
  const what: RestLoad = { kind: 'rest', port: platform.ports.edge, requests, connections: concurrency };
  return (await load.runOnce(what)).perSecond;
}

function startCommitLoop({ platform }: BenchPlatform): { pid: number; commit(count: number): Promise<number>; stop(): void } {
  const child = fork(join(import.meta.dirname, 'servers/store-commits.ts'), {
    env: { ...process.env, ...databaseEnvironment(platform.ports), METADATA_SERVER_DETECTION: 'none' },
    stdio: 'inherit',
  });
  return {
    pid: child.pid!,
    commit: async (count) => {
      child.send({ events: eventsOf(count), provider, type, concurrency } satisfies CommitOrder);
      const [{ perSecond }] = (await once(child, 'message')) as [CommitReport];
      return perSecond;
    },
    stop: () => void child.kill(),
  };
}

function eventsOf(count: number): InboxEvent[] {
  return Array.from({ length: count }, () => {
    const id = `evt_${randomUUID()}`;
    const intent = {
      id: `pi_${randomUUID()}`,
      status: 'authorized',
      client_token: randomUUID(),
      amount_micros: '1980000000',
      currency: 'JPY',
      reference: `orders/${randomUUID()}`,
      sequence: 2,
    };
    return { id, body: JSON.stringify({ id, type, created: Math.floor(Date.now() / 1_000), data: { intent } }) };
  });
}

/** Every event has its row, and none has caused an event of ours. */
async function checkRows({ rows }: BenchPlatform): Promise<void> {
  const [counted] = await rows(
    'SELECT (SELECT count(*) FROM webhook.provider_events) AS events, (SELECT count(*) FROM webhook.outbox) AS outbox',
  );
  const expected = 2 * (warmUpEvents + rounds * roundEvents);
  if (Number(counted?.['events']) !== expected || Number(counted?.['outbox']) !== 0) {
    throw new Error(`webhook.provider_events has ${counted?.['events']} rows of ${expected}, webhook.outbox ${counted?.['outbox']} of 0`);
  }
}

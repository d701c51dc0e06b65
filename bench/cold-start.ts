import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleService } from '../deploy/docker/assemble-service.ts';
import { bundleProgram } from '../deploy/docker/bundle-service.ts';
import { ImageProcess } from '../deploy/docker/image-process.ts';
import { healthCheck, type RawCall } from '../deploy/docker/running-server.ts';
import { type ScratchCloud, startScratchCloud } from '../deploy/docker/scratch-cloud.ts';
import { recordingFlags, recordsCode, warmUpCalls } from '../deploy/docker/shrink/warm-up.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';
import { machine, median } from './load/compare.ts';
import { cpuMilliseconds } from './load/process-cpu.ts';
import { startTelemetrySink } from './load/telemetry-sink.ts';

export const question =
  'How much longer than a bare grpc-js server does a service take from spawn to health (target: at most 1.3 times) and to its first RPC (2.0), and what memory does it hold after 1,000 requests (105 MB)?';

const rounds = 15;
const requests = 1_000;
const parallel = 10;

/** A tree with what it is started with and the call that counts as its first. */
interface Contender {
  readonly name: string;
  readonly tree: string;
  readonly env: Readonly<Record<string, string>>;
  readonly call: RawCall;
}

/** Starts both servers in turn, from trees as images hold them. */
export async function run(report: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-cold-start-'));
  const cloud = await startScratchCloud();
  const sink = await startTelemetrySink();
  try {
    report(machine());
    const bare = await bareServer(join(folder, 'bare'));
    const services: Contender[] = [];
    for (const service of serviceNames) services.push(await serviceOf(service, join(folder, service), cloud, sink.url));
    // The one with the most to load: its first call reads the database.
    await compareStarts(services[0]!, bare, report);
    for (const contender of [bare, ...services]) await measureMemory(contender, report);
  } finally {
    await cloud.close();
    sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Wall time is what a caller waits for; CPU time is what the load of others on the machine changes least. */
async function compareStarts(service: Contender, bare: Contender, report: (line: string) => void): Promise<void> {
  for (const [moment, target] of [
    ['health', 1.3],
    ['first RPC', 2],
  ] as const) {
    const starts: [Start[], Start[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [index, contender] of [service, bare].entries()) {
        starts[index]!.push(await startOf(contender, moment === 'health' ? healthCheck : contender.call));
      }
    }
    const [ours, base] = starts;
    const ratioOf = (field: keyof Start) => median(ours.map((start, round) => start[field] / base[round]![field])).toFixed(2);
    const [ourMs, baseMs] = starts.map((all) => median(all.map(({ ms }) => ms)).toFixed(0));
    report(
      `spawn to ${moment}: ${service.name} ${ourMs} ms, ${bare.name} ${baseMs} ms, ratio ${ratioOf('ms')} (target ${target}), by CPU time ${ratioOf('cpuMs')}`,
    );
  }
}

/** From the start of a process to its answer. */
interface Start {
  readonly ms: number;
  readonly cpuMs: number;
}

async function startOf({ tree, env }: Contender, call: RawCall): Promise<Start> {
  const process = new ImageProcess(tree, env);
  try {
    await process.call(call);
    return { ms: performance.now() - process.startedAt, cpuMs: cpuMilliseconds(process.pid) };
  } finally {
    await process.stop('SIGKILL');
  }
}

async function measureMemory({ name, tree, env, call }: Contender, report: (line: string) => void): Promise<void> {
  const process = new ImageProcess(tree, env);
  try {
    for (let sent = 0; sent < requests; sent += parallel) {
      await Promise.all(Array.from({ length: parallel }, () => process.call(call)));
    }
    report(`memory of ${name} after ${requests} requests: ${process.residentMegabytes().toFixed(0)} MB (target 105)`);
  } finally {
    await process.stop('SIGKILL');
  }
}

/** grpc-js and nothing else, bundled and warmed likewise. */
async function bareServer(tree: string): Promise<Contender> {
  await bundleProgram(join(import.meta.dirname, 'cold-start/bare-server.ts'), join(tree, 'app'));
  const contender = { name: 'bare grpc-js', tree, env: { PORT: '0' }, call: { path: '/bare.Bare/Echo', body: Buffer.from('a') } };
  const process = new ImageProcess(tree, { ...contender.env, ...recordsCode }, recordingFlags);
  await process.call(healthCheck);
  await process.call(contender.call);
  const { code, output } = await process.stop('SIGUSR2');
  if (code !== 0) throw new Error(output);
  return contender;
}

/** As in production, with somebody who takes its telemetry. */
async function serviceOf(service: string, tree: string, cloud: ScratchCloud, endpoint: string): Promise<Contender> {
  await assembleService(service, tree, cloud);
  return {
    name: service,
    tree,
    env: { ...cloud.environmentOf(service), OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    call: warmUpCalls(service)[0] ?? healthCheck,
  };
}

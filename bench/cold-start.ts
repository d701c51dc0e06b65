import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { assembleService } from '../deploy/docker/assemble-service.ts';
import { bundleProgram } from '../deploy/docker/bundle-service.ts';
import { ImageProcess } from '../deploy/docker/image-process.ts';
import { healthCheck, type RawCall, RunningServer } from '../deploy/docker/running-server.ts';
import { type ScratchCloud, startScratchCloud } from '../deploy/docker/scratch-cloud.ts';
import { recordingFlags, recordsCode, warmUpCalls } from '../deploy/docker/shrink/warm-up.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';
import { machine, median } from './load/compare.ts';
import { threadsCpuMilliseconds } from './load/process-cpu.ts';
import { startTelemetrySink } from './load/telemetry-sink.ts';

export const question =
  'How much longer than a bare grpc-js server does a service take from spawn to health (target: at most 1.3 times) and to its first RPC (2.0), and what memory does it hold after 1,000 requests (105 MB)?';

const rounds = 15;
const requests = 1_000;
const parallel = 10;

/** A server, and the call that counts as its first. */
interface Contender {
  readonly name: string;
  readonly start: () => RunningServer;
  readonly call: RawCall;
}

/** Starts the servers in turn: ours and a bare one from trees as images hold them, and the bare one as one would write it. */
export async function run(report: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-cold-start-'));
  const cloud = await startScratchCloud();
  const sink = await startTelemetrySink();
  try {
    report(machine());
    const bare = await bareServer(join(folder, 'bare'));
    const plain = await plainServer(join(folder, 'plain'));
    const services: Contender[] = [];
    for (const service of serviceNames) services.push(await serviceOf(service, join(folder, service), cloud, sink.url));
    // The one with the most to load: its first call reads the database.
    await compareStarts(services[0]!, [plain, bare], report);
    for (const contender of [bare, ...services]) await measureMemory(contender, report);
  } finally {
    await cloud.close();
    sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Wall time is what a caller waits for; CPU time is what the load of others on the machine changes least. One baseline is what one has without us. The other gets all that
 * an image does to start fast: what is more than that is what a service loads, and whatever makes every start faster makes this ratio worse.
 */
async function compareStarts(service: Contender, baselines: readonly Contender[], report: (line: string) => void): Promise<void> {
  for (const [moment, target] of [
    ['health', 1.3],
    ['first RPC', 2],
  ] as const) {
    const contenders = [service, ...baselines];
    const starts = contenders.map((): Start[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, contender] of contenders.entries()) {
        starts[index]!.push(await startOf(contender, moment === 'health' ? healthCheck : contender.call));
      }
    }
    const [ours, ...others] = starts;
    const msOf = (all: readonly Start[]) => median(all.map(({ ms }) => ms)).toFixed(0);
    const ratios = others.map((base, index) => {
      const ratioOf = (field: keyof Start) => median(ours!.map((start, round) => start[field] / base[round]![field])).toFixed(2);
      return `${ratioOf('ms')} of ${baselines[index]!.name} (${msOf(base)} ms), by CPU time ${ratioOf('cpuMs')}`;
    });
    report(`spawn to ${moment}: ${service.name} ${msOf(ours!)} ms, ${ratios.join('; ')} (target ${target})`);
  }
}

/** From the start of a process to its answer. */
interface Start {
  readonly ms: number;
  readonly cpuMs: number;
}

async function startOf({ start }: Contender, call: RawCall): Promise<Start> {
  const process = start();
  try {
    await process.call(call);
    return { ms: performance.now() - process.startedAt, cpuMs: threadsCpuMilliseconds(process.pid) };
  } finally {
    await process.stop('SIGKILL');
  }
}

async function measureMemory({ name, start, call }: Contender, report: (line: string) => void): Promise<void> {
  const process = start();
  try {
    for (let sent = 0; sent < requests; sent += parallel) {
      await Promise.all(Array.from({ length: parallel }, () => process.call(call)));
    }
    report(`memory of ${name} after ${requests} requests: ${process.residentMegabytes().toFixed(0)} MB (target 105)`);
  } finally {
    await process.stop('SIGKILL');
  }
}

const bareProgram = join(import.meta.dirname, 'cold-start/bare-server.ts');
const echo: RawCall = { path: '/bare.Bare/Echo', body: Buffer.from('a') };
const anyPort = { PORT: '0' };

/** grpc-js and nothing else, with all that an image does to start fast. */
async function bareServer(tree: string): Promise<Contender> {
  await bundleProgram(bareProgram, join(tree, 'app'));
  const process = new ImageProcess(tree, { ...anyPort, ...recordsCode }, recordingFlags);
  await process.call(healthCheck);
  await process.call(echo);
  const { code, output } = await process.stop('SIGUSR2');
  if (code !== 0) throw new Error(output);
  return { name: 'bare grpc-js, started as an image is', start: () => new ImageProcess(tree, anyPort), call: echo };
}

/** The same as one would write it without us: one file by esbuild, and Node with its defaults. Node's compile cache beside it makes no difference that can be seen. */
async function plainServer(tree: string): Promise<Contender> {
  const program = join(tree, 'build/src/main.js');
  await build({
    entryPoints: [bareProgram],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minify: true,
    logLevel: 'warning',
  });
  // The health service reads its proto beside itself.
  cpSync(join(import.meta.dirname, '../node_modules/grpc-health-check/proto'), join(tree, 'proto'), { recursive: true });
  const start = () => new RunningServer({ command: globalThis.process.execPath, args: [program], env: anyPort });
  return { name: 'bare grpc-js, bundled by esbuild and started by Node', start, call: echo };
}

/** As in production, with somebody who takes its telemetry. */
async function serviceOf(service: string, tree: string, cloud: ScratchCloud, endpoint: string): Promise<Contender> {
  await assembleService(service, tree, cloud);
  const env = { ...cloud.environmentOf(service), OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  return { name: service, start: () => new ImageProcess(tree, env), call: warmUpCalls(service)[0] ?? healthCheck };
}

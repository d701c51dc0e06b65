import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { callersOf } from '../../../services/platform/contracts/callers.ts';
import { MaintenanceService } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { MethodPolicySchema } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { grpcPath } from '../../../services/platform/contracts/methods.ts';
import { openRead } from '../../environments/open-read.ts';
import { startTelemetryReceiver } from '../contract/telemetry-receiver.ts';
import { ImageProcess, nodeFlags } from '../image-process.ts';
import { healthCheck, type RawCall } from '../running-server.ts';
import { calledBy, type ScratchCloud } from '../scratch-cloud.ts';

// RelayOutboxRequest { limit: 1 }.
const one = Buffer.from([0x08, 0x01]);

/** Calls that an empty database answers: the upkeep that every service has, and the open read of the one that has it. */
export function warmUpCalls(service: string): RawCall[] {
  const relay = MaintenanceService.method.relayOutbox;
  const [caller] = callersOf(relay, create(MethodPolicySchema));
  const open = openRead();
  return [
    ...(caller === undefined ? [] : [{ path: grpcPath(relay), headers: calledBy(caller), body: one }]),
    ...(service === open.service ? [{ path: open.grpcPath, headers: calledBy('edge-gateway') }] : []),
  ];
}

/** Makes a process write its code cache at SIGUSR2. */
export const recordsCode = { NODE_OPTIONS: `--require=${join(import.meta.dirname, 'code-cache-recorder.cjs')}` } as const;

const rewriter = join(import.meta.dirname, 'code-cache-rewriter.cjs');

/**
 * What V8 is told beside the image's flags. Hashes and random numbers are the same in each run: in a service they must not be, since whoever knows them sends keys
 * that collide. And no garbage is collected: what is compiled would be forgotten, and memory that is used again shows between objects. Recorder and
 * rewriter set all of it back once the process has begun: a cache is for the flags that hold when it is read and written.
 */
const recordingFlags = [
  '--hash-seed=1',
  '--random-seed=1',
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
  '--max-old-space-size=4096',
  '--initial-heap-size=1024',
  '--clear-free-memory',
];

/** What depends on the lengths of numbers happens in one of a few calls. */
const rounds = 20;

/**
 * When the first calls come and how long the service runs behind the last, one run after the other: with the start; and when there is nothing left to load while
 * nobody calls, until what it does by a timer is done.
 */
const moments = [
  { firstMs: 0, lastMs: 0 },
  { firstMs: 300, lastMs: 700 },
] as const;

/** A busy machine may be too late for the first. */
const fewestRuns = 3;
const mostRuns = 10;

/**
 * Fills the code cache of a service's tree: it is what V8 made of the functions that ran, so the service runs and answers. The cache is of use to the same
 * version of Node on a CPU with the same features; everywhere else the service starts without it. Which functions run depends a little on the moment, so
 * each run begins with what those before it have left, until one adds nothing: then other builds of these sources end with the same functions.
 *
 * @throws where the service does not start, answer or end as it should, or there is no end to it.
 */
export async function warmUp(service: string, tree: string, cloud: ScratchCloud): Promise<void> {
  const folder = join(tree, 'app');
  // A service that reaches no collector does other things.
  const spans = await startTelemetryReceiver();
  try {
    const env = { ...cloud.environmentOf(service), ...recordsCode, OTEL_EXPORTER_OTLP_ENDPOINT: spans.url };
    let before: string | undefined;
    for (let run = 0; run < mostRuns; run++) {
      await record(service, new ImageProcess(tree, env, recordingFlags), moments[run % moments.length]!);
      await promisify(execFile)(process.execPath, [...nodeFlags, ...recordingFlags, rewriter, folder]);
      const digest = digestOf(join(folder, 'code-cache'));
      if (digest === before && run >= fewestRuns - 1) return;
      before = digest;
    }
    throw new Error(`V8 has made something else of ${service} in each of ${mostRuns} warm-ups`);
  } finally {
    spans.close();
  }
}

/** Calls a service that has been started, and has it write its code cache. */
async function record(service: string, process: ImageProcess, { firstMs, lastMs }: (typeof moments)[number]): Promise<void> {
  // Ours come first: a service begins to load with the first of them.
  const calls = [...warmUpCalls(service), healthCheck];
  let failure: unknown;
  try {
    await process.listening();
    await delay(firstMs);
    for (let round = 0; round < rounds; round++) await Promise.all(calls.map((call) => process.call(call)));
    await delay(lastMs);
  } catch (error) {
    failure = error;
  }
  const { code, output } = await process.stop(failure === undefined ? 'SIGUSR2' : 'SIGKILL');
  if (failure !== undefined) throw failure;
  if (code !== 0) throw new Error(`${service} ended with code ${code} in its warm-up:\n${output}`);
}

function digestOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).toSorted()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

import { execFile } from 'node:child_process';
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
import { nodeFlags } from '../image-environment.ts';
import { ImageProcess } from '../image-process.ts';
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
 * that collide. And no garbage is collected: what is compiled would be forgotten, and in memory that is used again, what was there before shows between objects.
 * Recorder and rewriter set all of it back once the process has begun: a cache is for the flags that hold when it is read and written.
 */
export const recordingFlags = [
  '--hash-seed=1',
  '--random-seed=1',
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
  '--max-old-space-size=4096',
  '--initial-old-space-size=1024',
] as const;

/** What depends on the lengths of numbers happens in one of a few calls. */
const rounds = 20;

/** Behind the last call, for what others still answer. */
const lastMs = 200;

/** Longer than any warm-up: with the first call behind such an interval a service exports, which only a slow one would come to. */
const noExport = { OTEL_BSP_SCHEDULE_DELAY: '3600000', OTEL_METRIC_EXPORT_INTERVAL: '3600000' } as const;

/**
 * Fills the code cache of a service's tree: it is what V8 made of the functions that ran, so the service runs and answers. The cache is of use to the same
 * version of Node on a CPU with the same features; everywhere else the service starts without it. It is the same bytes in each build of these sources: the same
 * functions run however long the machine takes, and what V8 keeps of them is numbered in the order of the chunks' names.
 *
 * @throws where the service does not start, answer or end as it should.
 */
export async function warmUp(service: string, tree: string, cloud: ScratchCloud): Promise<void> {
  // A service that reaches no collector does other things.
  const spans = await startTelemetryReceiver();
  try {
    const env = { ...cloud.environmentOf(service), ...recordsCode, ...noExport, OTEL_EXPORTER_OTLP_ENDPOINT: spans.url };
    await record(service, new ImageProcess(tree, env, recordingFlags));
  } finally {
    spans.close();
  }
  await promisify(execFile)(process.execPath, [...nodeFlags, ...recordingFlags, rewriter, join(tree, 'app')]);
}

/** Calls a service that has been started, and has it write its code cache. */
async function record(service: string, process: ImageProcess): Promise<void> {
  // Ours come first: a service begins to load with the first of them.
  const calls = [...warmUpCalls(service), healthCheck];
  let failure: unknown;
  try {
    for (let round = 0; round < rounds; round++) await Promise.all(calls.map((call) => process.call(call)));
    await delay(lastMs);
  } catch (error) {
    failure = error;
  }
  const { code, output } = await process.stop(failure === undefined ? 'SIGUSR2' : 'SIGKILL');
  if (failure !== undefined) throw failure;
  if (code !== 0) throw new Error(`${service} ended with code ${code} in its warm-up:\n${output}`);
}

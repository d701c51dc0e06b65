import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { missingImages } from '../deploy/docker/contract/built-images.ts';
import { openRead } from '../deploy/environments/open-read.ts';
import { alwaysOn } from '../deploy/local/cloud/instances/limits.ts';
import { containerPrograms } from '../deploy/local/platform/image-containers.ts';
import { imagePrograms } from '../deploy/local/platform/image-trees.ts';
import { metadataPort, servicePort } from '../deploy/local/platform/ports.ts';
import { runLimits } from '../deploy/local/platform/run-limits.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../deploy/local/platform/start-platform.ts';
import { audienceOf } from '../services/platform/contracts/identities.ts';
import { invokersOf } from '../services/platform/contracts/invokers.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';
import { machine, median } from './load/compare.ts';
import { startLoadProcess } from './load/load.ts';
import { startBareInstances } from './servers/bare-instances.ts';

export const question =
  'How long does the first answer of a cold service take through edge and front (target: 600 ms as a process, 900 ms as a container, 2.2 times bare grpc-js in the same wrapping)?';

const rounds = 11;
const idleMs = 200;

/** Each service has no instance: a read through the edge and a call through each front, as processes beside a bare server behind such a front, and as containers. */
export async function run(report: (line: string) => void): Promise<void> {
  report(machine());
  const bare = await startBareInstances({ ...alwaysOn, minInstances: 0, cpuThrottling: true, idleMs });
  const load = startLoadProcess();
  try {
    const bareAnswer = async () => (await load.runOnce(bare.load(1, 1))).p50Ms;
    await measure({ kind: 'process', targetMs: 600, programsOf: imagePrograms, bareAnswer }, report);
  } finally {
    load.stop();
    await bare.close();
  }
  const why = missingImages();
  if (why !== undefined) report(`first answers of containers: ${why}`);
  else
    await measure(
      {
        kind: 'container',
        targetMs: 900,
        programsOf: (stateDir) => containerPrograms({ environment: 'production', stateDir, tell: report }),
      },
      report,
    );
}

/** What instances are. */
interface Kind {
  readonly kind: string;
  readonly targetMs: number;
  readonly programsOf: (stateDir: string) => Promise<PlatformOptions['programs']>;
  /** How long the first answer of the baseline takes, in milliseconds. */
  readonly bareAnswer?: () => Promise<number>;
}

async function measure({ kind, targetMs, programsOf, bareAnswer }: Kind, report: (line: string) => void): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const programs = (await programsOf(stateDir)) ?? {};
  const platform = await startPlatform({ portBase: 0, stateDir, limits: runLimits({ environment: 'staging', idleMs }), programs });
  try {
    const { service } = openRead();
    const ours: number[] = [];
    const base: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      await cold(platform, service);
      const ms = await answerOfEdge(platform);
      await delay(4 * idleMs);
      const bareMs = await bareAnswer?.();
      await delay(4 * idleMs);
      // The first round fills caches.
      if (round === 0) continue;
      ours.push(ms);
      if (bareMs !== undefined) base.push(bareMs);
    }
    const ratio = median(ours.map((ms, round) => ms / (base[round] ?? Number.NaN))).toFixed(2);
    const beside = bareAnswer === undefined ? '' : `, bare grpc-js ${median(base).toFixed(0)} ms, ratio ${ratio} (target 2.2)`;
    report(`first answer through the edge as a ${kind}: ${service} ${median(ours).toFixed(0)} ms (target ${targetMs})${beside}`);
    for (const name of serviceNames) {
      const answers: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await cold(platform, name);
        answers.push(await answerOfFront(platform, name));
      }
      report(`health through the front as a ${kind}: ${name} ${median(answers).toFixed(0)} ms`);
    }
  } finally {
    await platform.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** How long an open read takes through the edge, in milliseconds. */
async function answerOfEdge({ endpoints }: Platform): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${endpoints.edge}${openRead().path}`);
  if (!response.ok) throw new Error(`the edge answers ${response.status}: ${await response.text()}`);
  return performance.now() - startedAt;
}

/** How long grpc.health.v1.Health/Check takes through a service's front, of who may invoke it, in milliseconds. */
async function answerOfFront({ ports, endpoints }: Platform, service: string): Promise<number> {
  const [invoker = ''] = invokersOf(service);
  const metadata = `http://127.0.0.1:${metadataPort(ports, invoker)}/computeMetadata/v1/instance/service-accounts/default/identity`;
  const token = await fetch(`${metadata}?audience=${audienceOf(service, endpoints.project)}`, { headers: { 'metadata-flavor': 'Google' } });
  const authorization = `Bearer ${await token.text()}`;
  const session = connect(`http://127.0.0.1:${servicePort(ports, service)}`);
  try {
    const startedAt = performance.now();
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization,
    });
    // A message of no bytes: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
    stream.end(Buffer.alloc(5));
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const ms = performance.now() - startedAt;
    if (Number(headers[':status']) !== 200) throw new Error(`the front of ${service} answers ${headers[':status']}`);
    stream.resume();
    await once(stream, 'close');
    return ms;
  } finally {
    session.close();
  }
}

/** Resolves when a service has no instance. */
async function cold(platform: Platform, service: string): Promise<void> {
  while (platform.pid(service) !== undefined) await delay(20);
}

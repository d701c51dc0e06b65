import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { missingImages } from '../deploy/docker/contract/built-images.ts';
import { openRead } from '../deploy/environments/open-read.ts';
import { alwaysOn } from '../deploy/local/cloud/instances/limits.ts';
import { containerPrograms } from '../deploy/local/platform/image-containers.ts';
import { imagePrograms } from '../deploy/local/platform/image-trees.ts';
import { runLimits } from '../deploy/local/platform/run-limits.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../deploy/local/platform/start-platform.ts';
import { machine, median } from './load/compare.ts';
import { startLoadProcess } from './load/load.ts';
import { startBareInstances } from './servers/bare-instances.ts';

export const question =
  'How long does the first answer of a cold service take through edge and front (target: 600 ms as a process, 900 ms as a container, 2.2 times bare grpc-js in the same wrapping)?';

const rounds = 11;
const idleMs = 200;

/** A read through the edge of a service that has no instance, as a process and a call through a front whose bare server has none, in turn; then as a container. */
export async function run(report: (line: string) => void): Promise<void> {
  report(machine());
  await asProcess(report);
  const why = missingImages();
  if (why !== undefined) report(`first answer as a container: ${why}`);
  else await asContainer(report);
}

async function asContainer(report: (line: string) => void): Promise<void> {
  const { platform, stop } = await startCold((stateDir) => containerPrograms({ environment: 'production', stateDir, tell: report }));
  try {
    const { service } = openRead();
    const answers: number[] = [];
    // The first round fills the page cache.
    for (let round = 0; round <= rounds; round++) {
      await cold(platform, service);
      const ms = await firstAnswer(platform);
      if (round > 0) answers.push(ms);
      await delay(4 * idleMs);
    }
    report(`first answer as a container: ${service} ${median(answers).toFixed(0)} ms (target 900)`);
  } finally {
    await stop();
  }
}

async function asProcess(report: (line: string) => void): Promise<void> {
  const { platform, stop } = await startCold(imagePrograms);
  const bare = await startBareInstances({ ...alwaysOn, minInstances: 0, cpuThrottling: true, idleMs });
  const load = startLoadProcess();
  try {
    const { service } = openRead();
    const ours: number[] = [];
    const base: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      await cold(platform, service);
      const ms = await firstAnswer(platform);
      await delay(4 * idleMs);
      const { p50Ms } = await load.runOnce(bare.load(1, 1));
      await delay(4 * idleMs);
      // The first round fills the compile cache.
      if (round === 0) continue;
      ours.push(ms);
      base.push(p50Ms);
    }
    const ratio = median(ours.map((ms, round) => ms / base[round]!));
    report(
      `first answer: ${service} ${median(ours).toFixed(0)} ms (target 600), bare grpc-js ${median(base).toFixed(0)} ms, ratio ${ratio.toFixed(2)} (target 2.2)`,
    );
  } finally {
    load.stop();
    await bare.close();
    await stop();
  }
}

/** A platform whose services begin with nothing. */
async function startCold(programsOf: (stateDir: string) => Promise<PlatformOptions['programs']>) {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const programs = (await programsOf(stateDir)) ?? {};
  const platform = await startPlatform({ portBase: 0, stateDir, limits: runLimits({ environment: 'staging', idleMs }), programs });
  const stop = async () => {
    await platform.stop();
    rmSync(stateDir, { recursive: true, force: true });
  };
  return { platform, stop };
}

/** How long an open read takes through the edge, in milliseconds. */
async function firstAnswer({ endpoints }: Platform): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${endpoints.edge}${openRead().path}`);
  if (!response.ok) throw new Error(`the edge answers ${response.status}: ${await response.text()}`);
  return performance.now() - startedAt;
}

/** Resolves when a service has no instance. */
async function cold(platform: Platform, service: string): Promise<void> {
  while (platform.pid(service) !== undefined) await delay(20);
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openRead } from '../deploy/environments/open-read.ts';
import { alwaysOn } from '../deploy/local/cloud/instances/limits.ts';
import { imagePrograms } from '../deploy/local/platform/image-trees.ts';
import { runLimits } from '../deploy/local/platform/run-limits.ts';
import { type Platform, startPlatform } from '../deploy/local/platform/start-platform.ts';
import { machine, median } from './load/compare.ts';
import { startLoadProcess } from './load/load.ts';
import { startBareInstances } from './servers/bare-instances.ts';

export const question =
  'How long does the first answer of a cold service take through edge and front (target: 600 ms as a process, 2.2 times bare grpc-js in the same wrapping)?';

const rounds = 11;
const idleMs = 200;

/** A read through the edge of a service that has no instance, and a call through a front whose bare server has none, in turn. */
export async function run(report: (line: string) => void): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const platform = await startPlatform({
    portBase: 0,
    stateDir,
    limits: runLimits({ environment: 'staging', idleMs }),
    programs: await imagePrograms(),
  });
  const bare = await startBareInstances({ ...alwaysOn, minInstances: 0, cpuThrottling: true, idleMs });
  const load = startLoadProcess();
  try {
    report(machine());
    const { service, path } = openRead();
    const ours: number[] = [];
    const base: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      await cold(platform, service);
      const startedAt = performance.now();
      const response = await fetch(`${platform.endpoints.edge}${path}`);
      if (!response.ok) throw new Error(`the edge answers ${response.status}: ${await response.text()}`);
      const ms = performance.now() - startedAt;
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
    await platform.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** Resolves when a service has no instance. */
async function cold(platform: Platform, service: string): Promise<void> {
  while (platform.pid(service) !== undefined) await delay(20);
}

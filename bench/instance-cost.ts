import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment, sizesOf } from '../deploy/environments/environment.ts';
import { type BilledSize, costOf, usedTime } from '../deploy/local/cloud/instances/cost.ts';
import { type SimulatedRequest, simulate } from '../deploy/local/cloud/instances/simulate.ts';
import { Narrator } from '../deploy/local/demo/narrator.ts';
import { tellStory } from '../deploy/local/demo/story.ts';
import { imagePrograms } from '../deploy/local/platform/image-trees.ts';
import { runLimits } from '../deploy/local/platform/run-limits.ts';
import { startPlatform } from '../deploy/local/platform/start-platform.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';
import { seededRandom } from '../services/platform/tools/seeded-random.ts';

export const question =
  "What do instances cost at Cloud Run's list prices: for the demo, and for a day by minScale, concurrency and CPU allocation? (docs/guides/cloud-run-mode.md)";

const environment = 'staging';
const dayMs = 86_400_000;
const idleMs = 900_000;
const startupMs = 1_000;

export async function run(report: (line: string) => void): Promise<void> {
  for (const line of await ofTheDemo()) report(line);
  for (const line of ofADay()) report(line);
}

/** The story, on a platform that scales from zero. */
async function ofTheDemo(): Promise<string[]> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const limits = runLimits({ environment, idleMs: 60_000 });
  const platform = await startPlatform({ portBase: 0, stateDir, limits, programs: await imagePrograms() });
  try {
    await tellStory(new Narrator(() => {}), platform);
    const log = await platform.instanceUse();
    return serviceNames.map((service) => {
      const used = usedTime(log.filter(({ revision }) => revision === service));
      const cost = costOf(used, sizeOf(service, 'request'));
      const perThousand = (1_000 * cost).toFixed(3);
      return `the demo, ${service}: ${used.requests} requests, ${used.activeSeconds.toFixed(1)} s active of ${used.lifeSeconds.toFixed(0)} s, $${perThousand} for a thousand of it`;
    });
  } finally {
    await platform.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function sizeOf(service: string, billing: BilledSize['billing']): BilledSize {
  const { cpu, memory } = sizesOf(readEnvironment(environment), service);
  const [, size, unit] = /^(\d+)(Mi|Gi)$/.exec(memory) ?? [];
  return { cpu, memoryGib: unit === 'Gi' ? Number(size) : Number(size) / 1024, billing };
}

/** Requests, most by day, half of them in the four hours of the evening, 40 ms each as the exponential distribution has them. */
function requestsOfADay(count: number): SimulatedRequest[] {
  const random = seededRandom(1);
  const hourOf = () => {
    const share = random();
    if (share < 0.5) return 18 + 4 * random();
    return share < 0.95 ? 7 + 11 * random() : 24 * random();
  };
  return Array.from({ length: count }, () => ({
    atMs: Math.floor((hourOf() / 24) * dayMs),
    durationMs: Math.ceil(-40 * Math.log(1 - random())),
  })).toSorted((a, b) => a.atMs - b.atMs);
}

function ofADay(): string[] {
  const [service = ''] = serviceNames;
  const variants = [
    { count: 1_000, minInstances: 0, concurrency: 200, billing: 'request' },
    { count: 1_000, minInstances: 1, concurrency: 200, billing: 'request' },
    { count: 1_000, minInstances: 0, concurrency: 200, billing: 'instance' },
    { count: 100_000, minInstances: 0, concurrency: 200, billing: 'request' },
    { count: 100_000, minInstances: 1, concurrency: 200, billing: 'request' },
    { count: 100_000, minInstances: 0, concurrency: 1, billing: 'request' },
    { count: 100_000, minInstances: 0, concurrency: 200, billing: 'instance' },
    { count: 100_000, minInstances: 0, concurrency: 1, billing: 'instance' },
  ] as const;
  return variants.map(({ count, minInstances, concurrency, billing }) => {
    const limits = { minInstances, maxInstances: 40, concurrency, idleMs };
    const used = simulate(requestsOfADay(count), { limits, startupMs, untilMs: dayMs });
    const cost = costOf(used, sizeOf(service, billing));
    return (
      `a day of ${count} requests, minScale ${minInstances}, concurrency ${concurrency}, CPU by ${billing}: ${used.activeSeconds.toFixed(0)} s active, ` +
      `${used.lifeSeconds.toFixed(0)} s of instances, at most ${used.mostInstances}, ${used.waited} requests waited, $${cost.toFixed(3)}`
    );
  });
}

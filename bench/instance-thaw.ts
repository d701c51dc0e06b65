import { alwaysOn } from '../deploy/local/cloud/instances/limits.ts';
import { machine, median } from './load/compare.ts';
import { type LoadProcess, startLoadProcess } from './load/load.ts';
import { type BareInstances, startBareInstances } from './servers/bare-instances.ts';

export const question = 'How much later does an instance answer that has stood still since its last answer (target: at most 5 ms)?';

const rounds = 15;
const roundMs = 400;

/** One call after the other through the front: to an instance that is frozen between them, and to one that never is. */
export async function run(report: (line: string) => void): Promise<void> {
  const frozen = await startBareInstances({ ...alwaysOn, cpuThrottling: true });
  const running = await startBareInstances(alwaysOn);
  const load = startLoadProcess();
  try {
    report(machine());
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round <= rounds; round++) {
      for (const [index, bare] of [frozen, running].entries()) {
        const ms = await medianMs(load, bare);
        if (round > 0) times[index]!.push(ms);
      }
    }
    const [thawed, awake] = times;
    const later = median(thawed.map((ms, round) => ms - awake[round]!));
    report(
      `one call after the other: ${median(thawed).toFixed(2)} ms thawed, ${median(awake).toFixed(2)} ms awake, ${later.toFixed(2)} ms later (target 5)`,
    );
  } finally {
    load.stop();
    await Promise.all([frozen.close(), running.close()]);
  }
}

async function medianMs(load: LoadProcess, bare: BareInstances): Promise<number> {
  return (await load.run(bare.load(1, 1), roundMs)).p50Ms;
}

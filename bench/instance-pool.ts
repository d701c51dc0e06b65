import { alwaysOn, type RevisionLimits } from '../deploy/local/cloud/instances/limits.ts';
import { machine, median } from './load/compare.ts';
import { startLoadProcess } from './load/load.ts';
import { type BareInstances, startBareInstances } from './servers/bare-instances.ts';

export const question =
  'What does it cost the warm path that instances may come and go (target: at most 5 % of its rate), and what do three instances carry beside one?';

const rounds = { warmUpMs: 1_000, roundMs: 1_000, rounds: 11 };
const streams = 25;
const connections = 4;

const mode: RevisionLimits = { ...alwaysOn, maxInstances: 3, concurrency: 200, cpuThrottling: true };

/** The same load through fronts that differ in what stands behind them: bare grpc-js servers, so that the wrapping is what is measured. */
export async function run(report: (line: string) => void): Promise<void> {
  const contenders: readonly [string, BareInstances][] = [
    ['one that always runs', await startBareInstances(alwaysOn)],
    ['as on Cloud Run, one warm', await startBareInstances(mode)],
    ['as on Cloud Run, three warm', await startBareInstances({ ...mode, minInstances: 3 })],
  ];
  const load = startLoadProcess();
  try {
    report(machine());
    for (const [, bare] of contenders) await load.run(bare.load(connections, streams), rounds.warmUpMs);
    const perSecond: number[][] = contenders.map(() => []);
    for (let round = 0; round < rounds.rounds; round++) {
      for (const [index, [, bare]] of contenders.entries()) {
        perSecond[index]!.push((await load.run(bare.load(connections, streams), rounds.roundMs)).perSecond);
      }
    }
    const [always, ...others] = perSecond;
    report(`${contenders[0]![0]}: ${median(always!).toFixed(0)} requests/s`);
    for (const [index, rates] of others.entries()) {
      const ratio = median(rates.map((rate, round) => rate / always![round]!));
      const target = index === 0 ? ' (target at least 0.95)' : ' (the front is one thread: it is the limit)';
      report(`${contenders[index + 1]![0]}: ${median(rates).toFixed(0)} requests/s, ratio ${ratio.toFixed(2)}${target}`);
    }
  } finally {
    load.stop();
    await Promise.all(contenders.map(([, bare]) => bare.close()));
  }
}

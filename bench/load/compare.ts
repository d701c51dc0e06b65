import { availableParallelism, cpus } from 'node:os';
import type { GrpcLoad, LoadProcess, LoadResult, RestLoad } from './load.ts';
import type { ServerProcess } from './server-process.ts';

/** A server under a load of its own. */
export interface Contender {
  readonly name: string;
  readonly server: ServerProcess;
  readonly load: GrpcLoad | RestLoad;
}

/** A round of one contender. */
export interface Round extends LoadResult {
  /** CPU time of the server for each request, in microseconds: what the load of others on the machine changes least. */
  readonly cpuMicros: number;
  /** Of the server. Well under 1, it was not saturated. */
  readonly serverCores: number;
}

/** How long and how often. */
interface Rounds {
  readonly warmUpMs: number;
  readonly roundMs: number;
  readonly rounds: number;
}

/** Loads the contenders in turn, so that the machine's moods hit all of them alike. Rounds by contender, in order. */
export async function alternate(
  load: LoadProcess,
  contenders: readonly Contender[],
  { warmUpMs, roundMs, rounds }: Rounds,
): Promise<Round[][]> {
  for (const contender of contenders) await load.run(contender.load, warmUpMs);
  const results: Round[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { server, load: what }] of contenders.entries()) {
      const cpuBefore = server.cpuMs();
      const result = await load.run(what, roundMs);
      const cpuMs = server.cpuMs() - cpuBefore;
      const requests = (result.perSecond * roundMs) / 1_000;
      results[index]!.push({ ...result, cpuMicros: (cpuMs * 1_000) / requests, serverCores: cpuMs / roundMs });
    }
  }
  return results;
}

/** One line of a contender's medians. */
export function describeRounds(name: string, rounds: readonly Round[]): string {
  const of = (field: keyof Round) => median(rounds.map((round) => round[field]));
  return (
    `${name}: ${of('perSecond').toFixed(0)} requests/s, p50 ${of('p50Ms').toFixed(1)} ms, p99 ${of('p99Ms').toFixed(1)} ms, ` +
    `CPU ${of('cpuMicros').toFixed(0)} µs per request (${of('serverCores').toFixed(2)} cores; the load itself ${of('loadCores').toFixed(2)})`
  );
}

/** The median over the rounds of ours to the baseline's: requests per second, and the CPU time that each has for one request. */
export function ratios(ours: readonly Round[], baseline: readonly Round[]): { perSecond: number; cpu: number; p99: number } {
  const over = (ratio: (own: Round, base: Round) => number) => median(ours.map((round, index) => ratio(round, baseline[index]!)));
  return {
    perSecond: over((own, base) => own.perSecond / base.perSecond),
    cpu: over((own, base) => base.cpuMicros / own.cpuMicros),
    p99: over((own, base) => own.p99Ms / base.p99Ms),
  };
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** What the figures were measured on. */
export function machine(): string {
  return `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}`;
}

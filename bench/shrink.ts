import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleService } from '../deploy/docker/assemble-service.ts';
import { ImageProcess } from '../deploy/docker/image-process.ts';
import { healthCheck } from '../deploy/docker/running-server.ts';
import { startScratchCloud } from '../deploy/docker/scratch-cloud.ts';
import { rewrites } from '../deploy/docker/shrink/rewrites.ts';
import { warmUpCalls } from '../deploy/docker/shrink/warm-up.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';
import { machine, median } from './load/compare.ts';
import { threadsCpuMilliseconds } from './load/process-cpu.ts';

export const question =
  'What does each rewrite of third-party packages save of a cold start, from spawn to the first RPC? What saves less than 1 % of it should go.';

const rounds = 21;

/** A tree, and its starts: wall time and CPU time to the first answer, and memory then. */
interface Tree {
  readonly what: string;
  readonly folder: string;
  readonly starts: { readonly ms: number; readonly cpuMs: number; readonly megabytes: number }[];
}

/** Builds an image's tree without each of the rewrites, warmed up as the real one is, and starts them in turn. */
export async function run(report: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-shrink-'));
  const cloud = await startScratchCloud();
  try {
    report(machine());
    // The one with the most to load: its first call reads the database.
    const service = serviceNames[0]!;
    const env = cloud.environmentOf(service);
    const trees: Tree[] = [];
    for (const [index, without] of [undefined, ...rewrites].entries()) {
      const tree: Tree = { what: without ?? 'all of them', folder: join(folder, String(index)), starts: [] };
      try {
        await assembleService(service, tree.folder, cloud, without);
        trees.push(tree);
      } catch (error) {
        if (without === undefined) throw error;
        // Another rewrite stands on it.
        report(`the service does not answer without it: ${without}`);
      }
    }
    for (let round = 0; round < rounds; round++) for (const tree of trees) tree.starts.push(await startOf(tree.folder, env, service));
    const [whole, ...others] = trees;
    const medianOf = ({ starts }: Tree, field: 'ms' | 'cpuMs' | 'megabytes') => median(starts.map((start) => start[field]));
    report(
      `with all: ${medianOf(whole!, 'ms').toFixed(0)} ms, ${medianOf(whole!, 'cpuMs').toFixed(0)} ms of CPU, ${medianOf(whole!, 'megabytes').toFixed(0)} MB`,
    );
    for (const tree of others) {
      const ratio = median(tree.starts.map(({ cpuMs }, round) => cpuMs / whole!.starts[round]!.cpuMs));
      const saved = (field: 'ms' | 'cpuMs' | 'megabytes') =>
        median(tree.starts.map((start, round) => start[field] - whole!.starts[round]![field])).toFixed(0);
      report(
        `${ratio.toFixed(3)} of the CPU without it, ${saved('cpuMs')} ms of CPU, ${saved('ms')} ms, ${saved('megabytes')} MB: ${tree.what}`,
      );
    }
  } finally {
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startOf(tree: string, env: Readonly<Record<string, string>>, service: string): Promise<Tree['starts'][number]> {
  const process = new ImageProcess(tree, env);
  try {
    await process.call(warmUpCalls(service)[0] ?? healthCheck);
    return {
      ms: performance.now() - process.startedAt,
      cpuMs: threadsCpuMilliseconds(process.pid),
      megabytes: process.residentMegabytes(),
    };
  } finally {
    await process.stop('SIGKILL');
  }
}

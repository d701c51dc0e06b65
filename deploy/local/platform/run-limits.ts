import { totalmem } from 'node:os';
import { listWorkloads, throttlesCpu, timeoutSeconds } from '../../cloud-run/workloads.ts';
import { type Environment, readEnvironment, sizesOf } from '../../environments/environment.ts';
import type { RevisionLimits } from '../cloud/instances/limits.ts';

/** How services scale on this machine. */
export interface CloudRunMode {
  /** The environment whose manifests say how: its name in deploy/environments. */
  readonly environment: string;
  /** How long an instance that is not needed stays. */
  readonly idleMs: number;
  /** So many instances of each service, no more and no fewer; as the environment says, where undefined. */
  readonly instances?: number | undefined;
  /** Whether they are containers of the environment's images. */
  readonly containers?: boolean;
}

/** A manifest asks for what this machine does not have, or there is no such environment. */
export class CloudRunModeError extends Error {
  override readonly name = 'CloudRunModeError';
}

/** What the manifests of an environment say of instances, by service. @throws {CloudRunModeError} {EnvironmentError} */
export function runLimits(
  { environment: name, idleMs, instances }: CloudRunMode,
  machineBytes: number = totalmem(),
): Record<string, RevisionLimits> {
  const environment = readEnvironment(name);
  const workloads = listWorkloads(true).filter(({ kind }) => kind !== 'gateway');
  const limits = workloads.map((workload): [string, RevisionLimits] => {
    const { min, max, concurrency } = sizesOf(environment, workload.name);
    const fixed = workload.kind === 'service' ? instances : undefined;
    return [
      workload.name,
      {
        minInstances: fixed ?? min,
        minFollowsTraffic: fixed === undefined,
        maxInstances: fixed ?? max,
        concurrency,
        timeoutMs: timeoutSeconds(workload) * 1000,
        cpuThrottling: throttlesCpu(workload),
        idleMs,
      },
    ];
  });
  checkMemory(environment, limits, machineBytes, instances === undefined ? `--env ${name}` : `--instances ${instances}`);
  return Object.fromEntries(limits);
}

const bytesOf = { Mi: 2 ** 20, Gi: 2 ** 30 } as const;

/** What is kept where nobody calls has to find room; how many come when everybody calls is nobody's plan. */
function checkMemory(environment: Environment, limits: readonly [string, RevisionLimits][], machineBytes: number, option: string): void {
  const kept = limits.reduce((sum, [name, { minInstances }]) => {
    const [, size = '0', unit = 'Mi'] = /^(\d+)(Mi|Gi)$/.exec(sizesOf(environment, name).memory) ?? [];
    return sum + minInstances * Number(size) * bytesOf[unit as keyof typeof bytesOf];
  }, 0);
  if (kept <= machineBytes) return;
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  throw new CloudRunModeError(
    `${option} keeps instances with ${gib(kept)} GiB of memory together, and this machine has ${gib(machineBytes)} GiB: take fewer with --instances N, or another environment with --env NAME`,
  );
}

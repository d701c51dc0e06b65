import { UsageError } from '../../../services/platform/tools/command-line.ts';
import type { CloudRunMode } from './run-limits.ts';

/** Whose sizes, and how long one that is not needed stays, unless told. */
export const defaultEnvironment = 'staging';
export const defaultIdle = '1m';
const unitsMs: ReadonlyMap<string | undefined, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
]);

/** The arguments of `npm start` that say how services run as on Cloud Run, as node:util's parseArgs takes them. */
export const cloudRunArguments = {
  'cloud-run': { type: 'boolean', default: false },
  env: { type: 'string' },
  instances: { type: 'string' },
  idle: { type: 'string' },
  containers: { type: 'boolean', default: false },
} as const;

/** What --cloud-run and the arguments that belong to it say; undefined where it is off. @throws {UsageError} */
export function cloudRunMode(values: {
  'cloud-run': boolean;
  env?: string | undefined;
  instances?: string | undefined;
  idle?: string | undefined;
  containers: boolean;
}): CloudRunMode | undefined {
  if (!values['cloud-run']) {
    const stray = (['env', 'instances', 'idle', 'containers'] as const).find(
      (name) => values[name] !== undefined && values[name] !== false,
    );
    if (stray !== undefined) throw new UsageError(`--${stray} belongs to --cloud-run`);
    return undefined;
  }
  const { env = defaultEnvironment, instances, idle = defaultIdle, containers } = values;
  if (instances !== undefined && !/^([1-9]|[1-4][0-9]|50)$/.test(instances)) {
    throw new UsageError(`--instances is "${instances}": a number from 1 to 50`);
  }
  const [, count, unit] = /^(\d{1,4})(ms|s|m)$/.exec(idle) ?? [];
  const unitMs = unitsMs.get(unit);
  if (unitMs === undefined) throw new UsageError(`--idle is "${idle}": a number and "ms", "s" or "m", such as 15s`);
  return {
    environment: env,
    idleMs: Number(count) * unitMs,
    instances: instances === undefined ? undefined : Number(instances),
    containers,
  };
}

/** What the platform is started with in this mode: how many instances services have, and what they run, which is what their images hold. */
export async function cloudRunOptions(mode: CloudRunMode, stateDir: string) {
  const { runLimits } = await import('./run-limits.ts');
  const limits = runLimits(mode);
  if (!mode.containers) return { limits, programs: await (await import('./image-trees.ts')).imagePrograms() };
  const { containerPrograms } = await import('./image-containers.ts');
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  return { limits, programs: await containerPrograms({ environment: mode.environment, stateDir, tell }) };
}

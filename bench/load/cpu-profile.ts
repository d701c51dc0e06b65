import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A function in a profile; `url` is the file of what was loaded as one. */
export interface Frame {
  readonly functionName: string;
  readonly url: string;
}

/** V8's .cpuprofile; times in microseconds of the machine's monotonic clock. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Now on the clock of profiles, in microseconds. */
export function profileClock(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Reads the only profile of a folder. */
export function readProfile(directory: string): CpuProfile {
  const files = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  if (files.length !== 1) throw new Error(`${directory} holds ${files.length} CPU profiles, not one`);
  return JSON.parse(readFileSync(join(directory, files[0]!), 'utf8')) as CpuProfile;
}

/**
 * The share of each part in the busy time between two moments. A sample counts for the innermost frame on its stack that belongs to a part.
 *
 * @param partOf undefined where a frame belongs to whoever called it.
 */
export function sharesOfParts(profile: CpuProfile, from: number, to: number, partOf: (frame: Frame) => string | undefined) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parts = new Map<number, string>();
  const visit = (id: number, inherited: string): void => {
    const { callFrame, children = [] } = nodes.get(id)!;
    const part = partOf(callFrame) ?? inherited;
    parts.set(id, part);
    for (const child of children) visit(child, part);
  };
  visit(profile.nodes[0]!.id, 'other');
  const times = new Map<string, number>();
  let busy = 0;
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index]!;
    at += delta;
    if (at < from || at > to || nodes.get(id)!.callFrame.functionName === '(idle)') continue;
    busy += delta;
    times.set(parts.get(id)!, (times.get(parts.get(id)!) ?? 0) + delta);
  }
  return new Map([...times].map(([part, time]) => [part, time / busy]));
}

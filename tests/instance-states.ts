import { readFileSync } from 'node:fs';
import type { Platform } from '../deploy/local/platform/start-platform.ts';

/** The process ids of a revision's instances. */
export function instancePids(platform: Platform, revision: string): number[] {
  return [revision, ...[2, 3, 4].map((number) => `${revision}.${number}`)].flatMap((name) => platform.pid(name) ?? []);
}

/**
 * Whether no instance of a revision does anything: each stands still, or is gone since it had nothing to do for long enough. A state alone may be over before it
 * is looked at.
 */
export function allStandStill(platform: Platform, revision: string): boolean {
  return instanceStates(platform, revision).every((state) => state === 'T');
}

/** The states of the processes of a revision, as the kernel has them: "T" for one that stands still. Linux only, as /proc is. */
export function instanceStates(platform: Platform, revision: string): string[] {
  return instancePids(platform, revision).flatMap((pid) => {
    try {
      return [/\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''];
    } catch {
      return [];
    }
  });
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The platform's business time: the machine's time, moved ahead. */
export interface PlatformClock {
  /** How far it is ahead of the machine's clock, in milliseconds. */
  readonly aheadMs: number;
  /** Moves it forward. Resolves when every process that goes by it has followed. */
  advance(seconds: number): Promise<void>;
}

/**
 * The business time of the platform on this state: what it is ahead stays ahead over a restart, since time never goes back.
 *
 * @param follow takes the processes along.
 */
export function openPlatformClock(stateDir: string, follow: (aheadMs: number) => Promise<void>): PlatformClock {
  const file = join(stateDir, 'clock.json');
  let aheadMs = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { aheadMs: number }).aheadMs : 0;
  let last: Promise<void> = Promise.resolve();
  return {
    get aheadMs() {
      return aheadMs;
    },
    advance(seconds) {
      last = last.then(() => {
        aheadMs += Math.round(seconds * 1000);
        writeFileSync(file, JSON.stringify({ aheadMs }));
        return follow(aheadMs);
      });
      return last;
    },
  };
}

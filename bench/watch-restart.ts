import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openRead } from '../deploy/environments/open-read.ts';
import { machine, median } from './load/compare.ts';
import { endWithRunner } from './load/end-with-runner.ts';
import { edgePort, npmStart } from './servers/npm-start.ts';

export const question = 'How long after a line of a service was changed does npm start --watch answer with the new code (target: 2 s)?';

const rounds = 5;
const pollMs = 10;
const { service, path } = openRead();
const file = join(import.meta.dirname, '..', 'services', service, 'service.ts');

/** Adds a comment to the handlers of the service that answers the first public read, again and again, and asks until another process answers. */
export async function run(report: (line: string) => void): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const source = readFileSync(file, 'utf8');
  // Also where this ends before it has done so itself.
  const restore = () => writeFileSync(file, source);
  const restored = endWithRunner(restore);
  try {
    const platform = await npmStart(stateDir, 0, '--watch --no-console');
    const edge = `http://127.0.0.1:${edgePort(stateDir)}`;
    try {
      report(machine());
      const seconds: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        await delay(1_000);
        const before = starts(stateDir);
        const startedAt = performance.now();
        writeFileSync(file, `${source}// ${round}\n`);
        while (starts(stateDir) === before) await delay(pollMs);
        while (!(await fetch(`${edge}${path}`)).ok) await delay(pollMs);
        seconds.push((performance.now() - startedAt) / 1_000);
      }
      report(
        `a changed line is served after ${median(seconds).toFixed(2)} s, of ${seconds.map((one) => one.toFixed(2)).join(', ')} (target 2 s)`,
      );
    } finally {
      await platform.stop();
    }
  } finally {
    restore();
    restored();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** How often the service has said that it listens. */
function starts(stateDir: string): number {
  return readFileSync(join(stateDir, 'logs', `${service}.log`), 'utf8').split('"message":"listening"').length;
}

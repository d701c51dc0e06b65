import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine, median } from './load/compare.ts';
import { edgePort, npmStart, type StartedPlatform } from './servers/npm-start.ts';

export const question = 'How long does npm start take on a warm build, and how much memory does all of it hold? (targets: 3 s, 700 MB)';

const root = join(import.meta.dirname, '..');
const starts = 4;
const mebibyte = 2 ** 20;

/** One start on an empty state, then several on the same; memory of the last, before and after the story. */
export async function run(report: (line: string) => void): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  try {
    report(machine());
    const first = await npmStart(stateDir, 0);
    // The others have its ports: `npm start` has the same each time, and keeps what it has compiled for them.
    const portBase = edgePort(stateDir);
    report(`on an empty state: ${first.seconds.toFixed(2)} s, ${first.cpuSeconds.toFixed(1)} s of CPU time`);
    await first.stop();
    const seconds: number[] = [];
    const cpuSeconds: number[] = [];
    for (let i = 1; i < starts; i++) {
      const platform = await npmStart(stateDir, portBase);
      seconds.push(platform.seconds);
      cpuSeconds.push(platform.cpuSeconds);
      await platform.stop();
    }
    const last = await npmStart(stateDir, portBase);
    seconds.push(last.seconds);
    cpuSeconds.push(last.cpuSeconds);
    try {
      report(
        `on the same state: ${median(seconds).toFixed(2)} s, of ${seconds.map((one) => one.toFixed(2)).join(', ')} (target 3 s); ${median(cpuSeconds).toFixed(1)} s of CPU time`,
      );
      report(`memory once ready: ${describeMemory(last)} (target 700 MB)`);
      await tellStory(stateDir);
      report(`memory after the story: ${describeMemory(last)} (target 700 MB)`);
    } finally {
      await last.stop();
    }
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function describeMemory(platform: StartedPlatform): string {
  const sizes = platform.memoryBytes();
  const sum = sizes.reduce((total, size) => total + size, 0);
  return `${(sum / 1e6).toFixed(0)} MB in ${sizes.length} processes (PSS; the largest ${(Math.max(...sizes) / mebibyte).toFixed(0)} MiB)`;
}

async function tellStory(stateDir: string): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'deploy/local/demo/main.ts'), '--json', '--state-dir', stateDir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`npm run demo ended with ${code}`);
}

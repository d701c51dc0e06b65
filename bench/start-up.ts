import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { machine, median } from './load/compare.ts';
import { endWithRunner } from './load/end-with-runner.ts';
import { processesOf, proportionalBytes } from './load/memory.ts';
import { cpuMillisecondsWithChildren } from './load/process-cpu.ts';

export const question = 'How long does npm start take on a warm build, and how much memory does all of it hold? (targets: 3 s, 700 MB)';

const root = join(import.meta.dirname, '..');
const starts = 4;
const mebibyte = 2 ** 20;
const startScript = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }).scripts.start;

/** One start on an empty state, then several on the same; memory of the last, before and after the story. */
export async function run(report: (line: string) => void): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  try {
    report(machine());
    const first = await start(stateDir, 0);
    // The others have its ports: `npm start` has the same each time, and keeps what it has compiled for them.
    const portBase = edgePort(stateDir);
    report(`on an empty state: ${first.seconds.toFixed(2)} s, ${first.cpuSeconds.toFixed(1)} s of CPU time`);
    await first.stop();
    const seconds: number[] = [];
    const cpuSeconds: number[] = [];
    for (let i = 1; i < starts; i++) {
      const platform = await start(stateDir, portBase);
      seconds.push(platform.seconds);
      cpuSeconds.push(platform.cpuSeconds);
      await platform.stop();
    }
    const last = await start(stateDir, portBase);
    seconds.push(last.seconds);
    cpuSeconds.push(last.cpuSeconds);
    try {
      report(
        `on the same state: ${median(seconds).toFixed(2)} s, of ${seconds.map((one) => one.toFixed(2)).join(', ')} (target 3 s); ${median(cpuSeconds).toFixed(1)} s of CPU time`,
      );
      report(`memory once ready: ${describeMemory(last.group)} (target 700 MB)`);
      await tellStory(stateDir);
      report(`memory after the story: ${describeMemory(last.group)} (target 700 MB)`);
    } finally {
      await last.stop();
    }
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** The first port of the platform that runs on the state. */
function edgePort(stateDir: string): number {
  const { edge } = JSON.parse(readFileSync(join(stateDir, 'endpoints.json'), 'utf8')) as { edge: string };
  return Number(new URL(edge).port);
}

interface Started {
  readonly group: number;
  readonly seconds: number;
  /** Of all its processes: what the load of others on the machine changes least. */
  readonly cpuSeconds: number;
  stop(): Promise<void>;
}

/** `npm start` without npm: what it runs, in a process group of its own, so that what belongs to it is known. */
async function start(stateDir: string, portBase: number): Promise<Started> {
  const startedAt = performance.now();
  const child = spawn('/bin/sh', ['-c', `${startScript} --port-base ${portBase} --state-dir "$STATE_DIR"`], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, STATE_DIR: stateDir, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = once(child, 'exit');
  const group = child.pid!;
  const stopped = endWithRunner(() => {
    if (processesOf(group).length > 0) process.kill(-group, 'SIGKILL');
  });
  while (!/ready in \d/.test(output)) {
    if (child.exitCode !== null) throw new Error(`npm start ended:\n${output}`);
    await Promise.race([once(child.stdout, 'data'), exited]);
  }
  return {
    group,
    seconds: (performance.now() - startedAt) / 1_000,
    cpuSeconds: processesOf(group).reduce((sum, pid) => sum + cpuMillisecondsWithChildren(pid), 0) / 1_000,
    stop: async () => {
      process.kill(-group, 'SIGTERM');
      await exited;
      while (processesOf(group).length > 0) await delay(20);
      stopped();
    },
  };
}

function describeMemory(group: number): string {
  const sizes = processesOf(group).map(proportionalBytes);
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

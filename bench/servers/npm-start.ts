import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endWithRunner } from '../load/end-with-runner.ts';
import { processesOf, proportionalBytes } from '../load/memory.ts';
import { cpuMillisecondsWithChildren } from '../load/process-cpu.ts';

const root = join(import.meta.dirname, '../..');
const startScript = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }).scripts.start;

/** What `npm start` has started. */
export interface StartedPlatform {
  readonly seconds: number;
  /** CPU time until it was ready, of all its processes: what the load of others on the machine changes least. */
  readonly cpuSeconds: number;
  /** The address of the console, with its token; undefined where there is none. */
  readonly consoleUrl: string | undefined;
  /** CPU time of all its processes so far. */
  cpuMs(): number;
  /** Memory of each of its processes, in bytes (PSS). */
  memoryBytes(): number[];
  stop(): Promise<void>;
}

const consoleAddress = /the console: (\S+)/;

/**
 * `npm start` without npm: what it runs, in a process group of its own, so that what belongs to it is known. Resolves when it says that it is ready.
 *
 * @param onConsole called when it says where the console is.
 */
export async function npmStart(stateDir: string, portBase: number, options = '', onConsole?: () => void): Promise<StartedPlatform> {
  const startedAt = performance.now();
  const child = spawn('/bin/sh', ['-c', `${startScript} --port-base ${portBase} --state-dir "$STATE_DIR" ${options}`], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, STATE_DIR: stateDir, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const toldBefore = consoleAddress.test(output);
    output += text;
    if (!toldBefore && consoleAddress.test(output)) onConsole?.();
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
  const cpuMs = () => processesOf(group).reduce((sum, pid) => sum + cpuMillisecondsWithChildren(pid), 0);
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    cpuSeconds: cpuMs() / 1_000,
    consoleUrl: consoleAddress.exec(output)?.[1],
    cpuMs,
    memoryBytes: () => processesOf(group).map(proportionalBytes),
    stop: async () => {
      process.kill(-group, 'SIGTERM');
      await exited;
      while (processesOf(group).length > 0) await delay(20);
      stopped();
    },
  };
}

/** The first port of the platform that runs on the state. */
export function edgePort(stateDir: string): number {
  const { edge } = JSON.parse(readFileSync(join(stateDir, 'endpoints.json'), 'utf8')) as { edge: string };
  return Number(new URL(edge).port);
}

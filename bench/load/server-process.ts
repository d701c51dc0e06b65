import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endChild } from '../../gateway/envoy/end-child.ts';
import { endWithRunner } from './end-with-runner.ts';
import { cpuMilliseconds } from './process-cpu.ts';

const startupTimeoutMs = 20_000;

/** A server in a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  /** CPU time so far. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** What a server is started with. */
export interface ServerOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a program and resolves when it has printed that it listens. What it prints goes to a file, so that nobody has to read its log while it is measured.
 *
 * Environment variable BENCH_CPU_PROF: a directory for the CPU profile of each server.
 */
export async function startServerProcess(program: string, options: ServerOptions = {}): Promise<ServerProcess> {
  const { args = [], env = {} } = options;
  const profiles = process.env['BENCH_CPU_PROF'];
  const directory = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const outputFile = join(directory, 'output.log');
  const output = openSync(outputFile, 'a');
  const flags = profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles];
  const child = spawn(process.execPath, [...flags, program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const stopped = endWithRunner(() => child.kill('SIGKILL'));
  const stop = async () => {
    await endChild(child);
    stopped();
    rmSync(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + startupTimeoutMs;
  for (;;) {
    const text = readFileSync(outputFile, 'utf8');
    const port = listeningPort(text);
    if (port !== undefined) return { pid: child.pid!, port, cpuMs: () => cpuMilliseconds(child.pid!), stop };
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${program} does not listen. It printed:\n${text}`);
    }
    await delay(20);
  }
}

function listeningPort(output: string): number | undefined {
  for (const line of output.split('\n').slice(0, -1)) {
    if (!line.startsWith('{')) continue;
    const entry = JSON.parse(line) as { message?: string; port?: number };
    if (entry.message === 'listening') return entry.port;
  }
  return undefined;
}

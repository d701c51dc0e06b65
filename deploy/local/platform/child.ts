import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const preload = join(import.meta.dirname, 'die-with-parent.ts');
// Stripping types and compiling is most of a start: what one process has compiled, the next one reads.
const compileCache = join(import.meta.dirname, '../../../node_modules/.cache/kumiko-compile');
const startupTimeoutMs = 30_000;
const probeIntervalMs = 15;
const restartDelayMs = 200;

/** A process of the platform. */
export interface ChildSpec {
  readonly name: string;
  /** The program and its arguments. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The port by which it is known to be up, as Cloud Run's TCP startup probe does it. */
  readonly probePort: number;
  readonly logFile: string;
  /** Called when it is up, also after a restart. */
  readonly onUp?: (process: ChildProcess) => void;
}

/** A process that is started again whenever it ends, until `stop`. */
export class Child {
  readonly spec: ChildSpec;
  #process: ChildProcess | undefined;
  #stopping = false;

  constructor(spec: ChildSpec) {
    this.spec = spec;
  }

  /** The process that runs now. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process. Resolves when it listens. @throws {Error} with the end of its log where it ends or does not listen in time. */
  async start(): Promise<void> {
    const child = this.#spawn();
    await this.#up(child);
    child.once('exit', () => this.#restart());
  }

  /** Sends a message to the process (it is spawned with an IPC channel). */
  send(message: string): void {
    this.#process?.send(message);
  }

  /** Ends the process by SIGTERM, and after the grace by SIGKILL. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
  }

  #spawn(): ChildProcess {
    const { program, args = [], nodeFlags = [], env, logFile } = this.spec;
    const log = openSync(logFile, 'a', 0o600);
    const child = spawn(process.execPath, [...nodeFlags, '--import', preload, program, ...args], {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...env },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#process = child;
    return child;
  }

  async #up(child: ChildProcess): Promise<void> {
    const { name, probePort, logFile, onUp } = this.spec;
    const deadline = Date.now() + startupTimeoutMs;
    while (!(await accepts(probePort))) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || Date.now() > deadline) {
        throw new Error(`${name} ${ended ? 'ended' : 'did not listen'} while starting. The end of ${logFile}:\n${tail(logFile)}`);
      }
      await delay(probeIntervalMs);
    }
    onUp?.(child);
  }

  async #restart(): Promise<void> {
    while (!this.#stopping) {
      await delay(restartDelayMs);
      if (this.#stopping) return;
      const child = this.#spawn();
      try {
        await this.#up(child);
        child.once('exit', () => this.#restart());
        return;
      } catch {
        child.kill('SIGKILL');
      }
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}

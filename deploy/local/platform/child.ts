import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { untilListening } from '../../../services/platform/tools/listening-port.ts';
import { type ClockMessage, clockAheadMs, clockVariable } from '../shared/clock/clock-message.ts';
import { compileCache } from './compile-cache.ts';

const dieWithParent = join(import.meta.dirname, 'die-with-parent.ts');
const followClock = join(import.meta.dirname, '../shared/clock/follow-clock.ts');
const startupTimeoutMs = 60_000;
const restartDelayMs = 200;

/** A program of ours, run by Node. */
export interface NodeProgram {
  /** The program and its arguments. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Who moves the program's business time with the platform's: a preload, or the program by itself. */
  readonly clock: 'preload' | 'own';
}

/** Any other program, started by a function that sees to it that it does not outlive this process. It has the machine's time only. */
export interface OtherProgram {
  /** @param output the file descriptor that it writes to. */
  readonly spawn: (output: number) => ChildProcess;
}

/** A process of the platform. */
export type ChildSpec = (NodeProgram | OtherProgram) & {
  readonly name: string;
  /** The port by which it is known to be up, as Cloud Run's TCP startup probe does it. */
  readonly probePort: number;
  readonly logFile: string;
  /** Called when it is up, also after a restart. */
  readonly onUp?: (process: ChildProcess) => void;
};

/** A process that is started again whenever it ends, until `stop`. */
export class Child {
  readonly spec: ChildSpec;
  #process: ChildProcess | undefined;
  #stopping = false;
  #aheadMs: number;

  /** @param aheadMs how far business time is ahead of the machine's clock. */
  constructor(spec: ChildSpec, aheadMs: number) {
    this.spec = spec;
    this.#aheadMs = aheadMs;
  }

  /** The process that runs now. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process. Resolves when it listens. @throws {Error} with the end of its log where it ends or does not listen in time. */
  async start(): Promise<void> {
    const child = this.#spawn();
    await this.#up(child);
    this.#restartAfter(child);
  }

  /** Sends a message to the process (it is spawned with an IPC channel). One that is ending does not get it. */
  send(message: string | object): void {
    this.#process?.send(message, () => {});
  }

  /**
   * Sets how far the business time of a process that has one is ahead of the machine's clock. Resolves when the process has followed, or is gone: the next one
   * starts with it.
   */
  async setClock(aheadMs: number): Promise<void> {
    this.#aheadMs = aheadMs;
    const child = this.#process;
    if ('spawn' in this.spec || child === undefined || hasEnded(child)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        child.off('message', onMessage);
        child.off('exit', done);
        resolve();
      };
      const onMessage = (message: unknown) => {
        if (clockAheadMs(message) === aheadMs) done();
      };
      child.on('message', onMessage);
      child.once('exit', done);
      child.send({ clockAheadMs: aheadMs } satisfies ClockMessage, () => {});
    });
  }

  /** Ends the process by SIGTERM, and after the grace by SIGKILL. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const child = this.#process;
    if (child === undefined || hasEnded(child)) return;
    // Also of whatever holds its channels.
    const gone = once(child, 'close');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
  }

  #spawn(): ChildProcess {
    const log = openSync(this.spec.logFile, 'a', 0o600);
    const child = 'spawn' in this.spec ? this.spec.spawn(log) : this.#spawnNode(this.spec, log);
    closeSync(log);
    this.#process = child;
    return child;
  }

  #spawnNode({ program, args = [], nodeFlags = [], env, clock }: NodeProgram, log: number): ChildProcess {
    const preloads = [dieWithParent, ...(clock === 'preload' ? [followClock] : [])].flatMap((file) => ['--import', file]);
    return spawn(process.execPath, [...nodeFlags, ...preloads, program, ...args], {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...env, [clockVariable]: String(this.#aheadMs) },
      stdio: ['ignore', log, log, 'ipc'],
    });
  }

  async #up(child: ChildProcess): Promise<void> {
    const { name, probePort, logFile, onUp } = this.spec;
    const deadline = Date.now() + startupTimeoutMs;
    await untilListening(probePort, {
      givenUp: () => {
        const ended = hasEnded(child);
        if (!ended && Date.now() <= deadline) return undefined;
        return `${name} ${ended ? 'ended' : 'did not listen'} while starting. The end of ${logFile}:\n${tail(logFile)}`;
      },
    });
    onUp?.(child);
  }

  #restartAfter(child: ChildProcess): void {
    // It may have ended while the last probe was on its way.
    if (hasEnded(child)) void this.#restart();
    else child.once('exit', () => this.#restart());
  }

  async #restart(): Promise<void> {
    while (!this.#stopping) {
      await delay(restartDelayMs);
      if (this.#stopping) return;
      const child = this.#spawn();
      try {
        await this.#up(child);
        this.#restartAfter(child);
        return;
      } catch {
        child.kill('SIGKILL');
      }
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}

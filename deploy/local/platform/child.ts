import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded } from '../../../gateway/envoy/end-child.ts';
import { spawnLeashed } from '../../../gateway/envoy/leash.ts';
import { errorCode } from '../../../services/platform/contracts/error-code.ts';
import { untilListening } from '../../../services/platform/tools/listening-port.ts';
import { type ClockMessage, clockAheadMs, clockVariable } from '../shared/clock/clock-message.ts';
import { compileCache } from './compile-cache.ts';
import { type ContainerProgram, startContainer } from './container.ts';

const ownRoot = join(import.meta.dirname, '../../..');
/** Of the program's own code, whose modules it moves the time of. */
const followClock = 'deploy/local/shared/clock/follow-clock.ts';
const startupTimeoutMs = 60_000;
const restartDelayMs = 200;
/** Whoever calls may wait for it. */
const probeIntervalMs = 10;

/** A program of ours, run by Node. */
export interface NodeProgram {
  /** The program and its arguments. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The folder of the project's code that the program is of. Default: this one's. */
  readonly root?: string;
  /** Who moves the program's business time with the platform's: a preload, or the program by itself. */
  readonly clock: 'preload' | 'own';
}

/** Any other program, started by a function that sees to it that it does not outlive this process. It has the machine's time only. */
export interface OtherProgram {
  /** @param output the file descriptor that it writes to. */
  readonly spawn: (output: number) => ChildProcess;
}

/** A process of the platform. */
export type ChildSpec = (NodeProgram | ContainerProgram | OtherProgram) & {
  readonly name: string;
  /** The port by which it is known to be up, as Cloud Run's TCP startup probe does it. */
  readonly probePort: number;
  readonly logFile: string;
  /** Called when it has been spawned, also after a restart: before it can have said anything. */
  readonly onSpawn?: (process: ChildProcess) => void;
  /** Called when it is up, also after a restart. */
  readonly onUp?: (process: ChildProcess) => void;
  /** Called when it has ended by itself, with how: "exit code 1", "SIGKILL". Then it is not started again. */
  readonly onEnd?: (how: string) => void;
};

/** How a process is. */
export interface ProcessStatus {
  /** "down" has ended by itself and is about to be started again; "stopped" was told to end. */
  readonly state: 'starting' | 'running' | 'down' | 'stopped';
  readonly pid: number | undefined;
  /** How often it was started. */
  readonly starts: number;
  /** Since when it is in this state, in milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** A process was told to end while it started, which is no news to who told it. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';

  constructor(name: string) {
    super(`${name} was told to end while it started`);
  }
}

/** A process that is started again whenever it ends, until `stop`, unless somebody wants to know of its end instead. */
export class Child {
  readonly spec: ChildSpec;
  #process: ChildProcess | undefined;
  /** The process that does the work, where that is another one: a container's. */
  #innerPid: (() => number | undefined) | undefined;
  #aheadMs: number;
  #state: ProcessStatus['state'] = 'starting';
  #sinceMs = Date.now();
  #starts = 0;
  /** Counted up whenever it is told to start or stop: what was under way before gives up. */
  #generation = 0;

  /** @param aheadMs how far business time is ahead of the machine's clock. */
  constructor(spec: ChildSpec, aheadMs: number) {
    this.spec = spec;
    this.#aheadMs = aheadMs;
  }

  /** The process that runs now. Undefined where none does, also before anybody has been told that it ended. */
  get pid(): number | undefined {
    if (this.#process === undefined || hasEnded(this.#process)) return undefined;
    return this.#innerPid === undefined ? this.#process.pid : this.#innerPid();
  }

  get status(): ProcessStatus {
    return { state: this.#state, pid: this.pid, starts: this.#starts, sinceMs: this.#sinceMs };
  }

  /**
   * Starts the process, also one that was stopped. Resolves when it listens.
   *
   * @throws {StoppedError} where it is told to end meanwhile, {Error} with the end of its log where it ends or does not listen in time.
   */
  async start(): Promise<void> {
    const generation = ++this.#generation;
    const child = this.#spawn();
    try {
      await this.#up(child);
    } catch (error) {
      throw generation === this.#generation ? error : new StoppedError(this.spec.name);
    }
    this.#restartAfter(child, generation);
  }

  /** Sends a signal to the process. One that has ended does not get it. */
  signal(name: NodeJS.Signals): void {
    // One that is about to be a container's first gets it as podman's: it hands it on, or is ended by it.
    const pid = this.pid ?? this.#process?.pid;
    if (pid === undefined || this.#process === undefined || hasEnded(this.#process)) return;
    try {
      process.kill(pid, name);
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
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
    if ('spawn' in this.spec) return;
    await this.ask({ clockAheadMs: aheadMs } satisfies ClockMessage, (message) => clockAheadMs(message) === aheadMs);
  }

  /** Sends a message and resolves with its answer, or with undefined where the process is gone before it answers. */
  async ask(question: string | object, isAnswer: (message: unknown) => boolean): Promise<unknown> {
    const child = this.#process;
    if (child === undefined || hasEnded(child)) return undefined;
    return new Promise((resolve) => {
      const done = (answer: unknown) => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        resolve(answer);
      };
      const onMessage = (message: unknown) => {
        if (isAnswer(message)) done(message);
      };
      const onExit = () => done(undefined);
      child.on('message', onMessage);
      child.once('exit', onExit);
      child.send(question, () => {});
    });
  }

  /** Ends the process by SIGTERM, and after the grace by SIGKILL. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#generation += 1;
    const child = this.#process;
    this.#enter('stopped');
    if (child === undefined || hasEnded(child)) return;
    // Also of whatever holds its channels.
    const gone = once(child, 'close');
    this.signal('SIGTERM');
    // One that stands still hears of it only then.
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
  }

  #enter(state: ProcessStatus['state']): void {
    this.#state = state;
    this.#sinceMs = Date.now();
  }

  #spawn(): ChildProcess {
    const log = openSync(this.spec.logFile, 'a', 0o600);
    const child = this.#spawnOf(log);
    closeSync(log);
    this.#process = child;
    this.spec.onSpawn?.(child);
    this.#starts += 1;
    this.#enter('starting');
    return child;
  }

  #spawnOf(log: number): ChildProcess {
    if ('spawn' in this.spec) return this.spec.spawn(log);
    if ('program' in this.spec) return this.#spawnNode(this.spec, log);
    const { process: child, pid } = startContainer(this.spec, log, this.#aheadMs);
    this.#innerPid = pid;
    return child;
  }

  #spawnNode({ program, args = [], nodeFlags = [], env, root = ownRoot, clock }: NodeProgram, log: number): ChildProcess {
    const preloads = clock === 'preload' ? ['--import', join(root, followClock)] : [];
    return spawnLeashed(process.execPath, [...nodeFlags, ...preloads, program, ...args], {
      stdout: log,
      stderr: log,
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...env, [clockVariable]: String(this.#aheadMs) },
      ipc: true,
    });
  }

  async #up(child: ChildProcess): Promise<void> {
    const { name, probePort, logFile, onUp } = this.spec;
    const deadline = Date.now() + startupTimeoutMs;
    await untilListening(probePort, {
      intervalMs: probeIntervalMs,
      givenUp: () => {
        const ended = hasEnded(child);
        if (!ended && Date.now() <= deadline) return undefined;
        return `${name} ${ended ? 'ended' : 'did not listen'} while starting. The end of ${logFile}:\n${tail(logFile)}`;
      },
    });
    this.#enter('running');
    onUp?.(child);
  }

  #restartAfter(child: ChildProcess, generation: number): void {
    const ended = () => {
      if (generation !== this.#generation) return;
      this.#enter('down');
      const { onEnd } = this.spec;
      if (onEnd === undefined) void this.#restart(generation);
      else onEnd(child.signalCode ?? `exit code ${child.exitCode}`);
    };
    // It may have ended while the last probe was on its way.
    if (hasEnded(child)) ended();
    else child.once('exit', ended);
  }

  async #restart(generation: number): Promise<void> {
    while (generation === this.#generation) {
      await delay(restartDelayMs);
      if (generation !== this.#generation) return;
      const child = this.#spawn();
      try {
        await this.#up(child);
        this.#restartAfter(child, generation);
        return;
      } catch {
        this.signal('SIGKILL');
      }
    }
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}

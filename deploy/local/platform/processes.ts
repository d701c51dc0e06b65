import { join } from 'node:path';
import { Child, type ChildSpec, type NodeProgram, type OtherProgram, type ProcessStatus } from './child.ts';

/** A process of the platform: a gateway, "spanner", "cloud", a service or a preview. */
export type ProcessName = string;

/** What a process is started with, besides its name and log. */
type StartedSpec = (NodeProgram | OtherProgram) & Pick<ChildSpec, 'probePort' | 'onUp' | 'onEnd'>;

const stopGraceMs = 1_500;

/** The processes of the platform, by name. */
export class Processes {
  readonly #children = new Map<ProcessName, Child>();
  readonly #skews = new Map<ProcessName, number>();
  readonly #stateDir: string;
  readonly #signal: AbortSignal | undefined;
  #aheadMs = 0;

  /** @param signal after which nothing is started any more. */
  constructor(stateDir: string, signal: AbortSignal | undefined) {
    this.#stateDir = stateDir;
    this.#signal = signal;
  }

  /** Starts a process and resolves when it listens. @throws {Error} with the end of its log. */
  start(name: ProcessName, spec: StartedSpec): Promise<void> {
    this.#signal?.throwIfAborted();
    const child = new Child({ ...spec, name, logFile: this.logFile(name) }, this.#aheadMs);
    this.#children.set(name, child);
    return child.start();
  }

  /** Where a process writes what it has to say. */
  logFile(name: ProcessName): string {
    return join(this.#stateDir, 'logs', `${name}.log`);
  }

  /** Those that there are, with how each of them is. */
  list(): readonly { readonly name: ProcessName; readonly status: ProcessStatus }[] {
    return [...this.#children].map(([name, { status }]) => ({ name, status }));
  }

  pid(name: ProcessName): number | undefined {
    return this.#children.get(name)?.pid;
  }

  /** Sends a message to a process. One that is ending does not get it. */
  send(name: ProcessName, message: string | object): void {
    this.#children.get(name)?.send(message);
  }

  /** Sends a message to a process and resolves with its answer, or with undefined where it is gone before it answers. */
  async ask(name: ProcessName, question: object, isAnswer: (message: unknown) => boolean): Promise<unknown> {
    return this.#children.get(name)?.ask(question, isAnswer);
  }

  /** Sets how far business time is ahead of the machine's clock. Resolves when every process that goes by it has followed. */
  async setClock(aheadMs: number): Promise<void> {
    this.#aheadMs = aheadMs;
    const others = [...this.#children].filter(([name]) => name !== 'cloud');
    // The cloud calls the others about what has fallen due: they have to agree that it has.
    await Promise.all(others.map(([name, child]) => child.setClock(aheadMs + (this.#skews.get(name) ?? 0))));
    await this.#children.get('cloud')?.setClock(aheadMs);
  }

  /** Sets how far the business time of one process is off the others', in milliseconds. */
  async skewClock(name: ProcessName, offMs: number): Promise<void> {
    this.#skews.set(name, offMs);
    await this.#children.get(name)?.setClock(this.#aheadMs + offMs);
  }

  /** Ends a process, which stays known, until `resume`. @throws {TypeError} where there is none of the name. */
  halt(name: ProcessName): Promise<void> {
    return this.#child(name).stop(stopGraceMs);
  }

  /** Starts a process again that was halted; one that runs is ended before. Resolves when it listens. @throws {Error} with the end of its log. */
  async resume(name: ProcessName): Promise<void> {
    this.#signal?.throwIfAborted();
    const child = this.#child(name);
    await child.stop(stopGraceMs);
    await child.start();
  }

  /** Ends a process. */
  async end(name: ProcessName): Promise<void> {
    const child = this.#children.get(name);
    this.#children.delete(name);
    this.#skews.delete(name);
    await child?.stop(stopGraceMs);
  }

  #child(name: ProcessName): Child {
    const child = this.#children.get(name);
    if (child === undefined) throw new TypeError(`no process is named "${name}": there are ${[...this.#children.keys()].join(', ')}`);
    return child;
  }

  /** Ends every process. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#children.values()].map((child) => child.stop(stopGraceMs)));
  }
}

import { join } from 'node:path';
import { Child, type ChildSpec, type NodeProgram, type OtherProgram, type ProcessStatus } from './child.ts';
import type { ContainerProgram } from './container.ts';

/** A process of the platform: a gateway, "spanner", "cloud", a service or a preview; "customer.2" for the second instance of one. */
export type ProcessName = string;

/** What a process is started with, besides its name and log. */
type StartedSpec = (NodeProgram | ContainerProgram | OtherProgram) & Pick<ChildSpec, 'probePort' | 'onSpawn' | 'onUp' | 'onEnd'>;

const stopGraceMs = 1_500;

/** What the local cloud answers once no instance stands still. */
interface HeldMessage {
  readonly instancesHeld: true;
}

/** What a process is an instance of: they share their log and the error of their clock. */
function revisionOf(name: ProcessName): string {
  return name.split('.')[0]!;
}

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
    const child = new Child({ ...spec, name, logFile: this.logFile(name) }, this.#aheadMs + this.#skewOf(name));
    this.#children.set(name, child);
    return child.start();
  }

  /** Where a process writes what it has to say. */
  logFile(name: ProcessName): string {
    return join(this.#stateDir, 'logs', `${revisionOf(name)}.log`);
  }

  /** Those that there are, with how each of them is. */
  list(): readonly { readonly name: ProcessName; readonly status: ProcessStatus }[] {
    return [...this.#children].map(([name, { status }]) => ({ name, status }));
  }

  pid(name: ProcessName): number | undefined {
    return this.#children.get(name)?.pid;
  }

  /** Sends a signal to a process, where there is one. */
  signal(name: ProcessName, signal: NodeJS.Signals): void {
    this.#children.get(name)?.signal(signal);
  }

  /** Sends a message to a process. One that is ending does not get it. */
  send(name: ProcessName, message: string | object): void {
    this.#children.get(name)?.send(message);
  }

  /** Sends a message to a process and resolves with its answer, or with undefined where it is gone before it answers. */
  async ask(name: ProcessName, question: string | object, isAnswer: (message: unknown) => boolean): Promise<unknown> {
    return this.#children.get(name)?.ask(question, isAnswer);
  }

  /** Sets how far business time is ahead of the machine's clock. Resolves when every process that goes by it has followed. */
  async setClock(aheadMs: number): Promise<void> {
    this.#aheadMs = aheadMs;
    const others = [...this.#children.keys()].filter((name) => name !== 'cloud');
    // The cloud calls the others about what has fallen due: they have to agree that it has.
    await this.#follow(others);
    await this.#children.get('cloud')?.setClock(aheadMs);
  }

  /** Sets how far the business time of a process, and of the other instances of what it is, is off the others', in milliseconds. */
  async skewClock(name: ProcessName, offMs: number): Promise<void> {
    this.#skews.set(revisionOf(name), offMs);
    await this.#follow([...this.#children.keys()].filter((other) => revisionOf(other) === revisionOf(name)));
  }

  async #follow(names: readonly ProcessName[]): Promise<void> {
    if (names.length === 0) return;
    // What stands still between requests would not answer.
    await this.ask('cloud', { holdInstances: true }, (message) => (message as HeldMessage | null)?.instancesHeld === true);
    await Promise.all(names.map((name) => this.#children.get(name)?.setClock(this.#aheadMs + this.#skewOf(name))));
    this.send('cloud', { holdInstances: false });
  }

  #skewOf(name: ProcessName): number {
    return this.#skews.get(revisionOf(name)) ?? 0;
  }

  /** Ends a process, which stays known, until `resume`. @throws {TypeError} where there is none of the name. */
  halt(name: ProcessName): Promise<void> {
    return this.#child(name).stop(stopGraceMs);
  }

  /** Starts a process again that was halted; one that runs is ended before, as `end` does it. Resolves when it listens. @throws {Error} with the end of its log. */
  async resume(name: ProcessName, graceMs: number = stopGraceMs): Promise<void> {
    this.#signal?.throwIfAborted();
    const child = this.#child(name);
    await child.stop(graceMs);
    await child.start();
  }

  /** Ends a process: by SIGTERM, and after the grace by SIGKILL. */
  async end(name: ProcessName, graceMs: number = stopGraceMs): Promise<void> {
    const child = this.#children.get(name);
    await child?.stop(graceMs);
  }

  /** Lets its name be another's. For one that has ended. */
  forget(name: ProcessName): void {
    this.#children.delete(name);
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

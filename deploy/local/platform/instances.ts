import type { ChildProcess } from 'node:child_process';
import { type HostAnswer, type HostQuestion, isHostQuestion } from '../cloud/instances/instance-messages.ts';
import { type NodeProgram, StoppedError } from './child.ts';
import type { ContainerProgram } from './container.ts';
import { freePortFrom } from './free-port.ts';
import type { Processes, ProcessName } from './processes.ts';

/** What a service is started from: code, or an image. */
export type ServiceProgram = Omit<NodeProgram, 'args' | 'clock'> | ContainerProgram;

/** What the instances of a revision run. */
type RevisionProgram = ServiceProgram & {
  /** The port of its first instance; others take any that is free. */
  readonly firstPort: number;
  /** Called when an instance has ended by itself, with how. */
  readonly onCrash?: (how: string) => void;
};

interface RunningInstance {
  readonly id: ProcessName;
  readonly revision: string;
  /** 0 until it has one. */
  port: number;
  /** Resolves when it listens. */
  up: Promise<void>;
  state: 'unclaimed' | 'claimed' | 'stopping' | 'gone';
  wasUp: boolean;
}

interface Revision {
  readonly program: RevisionProgram;
  /** So many are started before the local cloud asks for them, and outlive it. */
  readonly ahead: number;
  /** Nothing of it is started before. */
  readonly after: Promise<unknown>;
}

/** Cloud Run gives an instance so long after SIGTERM. https://docs.cloud.google.com/run/docs/container-contract#instance-shutdown */
const stopGraceMs = 10_000;

/** Which ports lie behind the platform's own. */
interface InstancesOptions {
  readonly processes: Processes;
  /** Ports from this one on are for further instances. */
  readonly portsFrom: number;
  /** Tells people what went wrong without their doing. */
  readonly tell: (text: string) => void;
}

/** The processes that are instances: the local cloud says how many there are, this starts and ends them. */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #revisions = new Map<string, Revision>();
  readonly #running = new Map<ProcessName, RunningInstance>();
  #cloud: ChildProcess | undefined;
  #placing: Promise<unknown> = Promise.resolve();

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  /**
   * Makes a revision known, and starts what is to be there of it before anybody calls.
   *
   * @throws {Error} with the end of its log where one does not come up.
   */
  async add(name: string, { ahead, after, ...program }: RevisionProgram & Pick<Revision, 'ahead' | 'after'>): Promise<void> {
    const revision: Revision = { program, ahead, after };
    this.#revisions.set(name, revision);
    await Promise.all(Array.from({ length: ahead }, () => this.#start(name, revision, 'unclaimed').up));
  }

  /** Ends what there is of a revision. */
  async remove(name: string): Promise<void> {
    this.#revisions.delete(name);
    await Promise.all(this.#of(name).map((instance) => this.#stop(instance)));
  }

  /** Takes questions from a local cloud that has just been spawned. What another one had asked for is nobody's now. */
  serve(cloud: ChildProcess): void {
    this.#cloud = cloud;
    for (const [name, { ahead }] of this.#revisions) {
      let unclaimed = this.#of(name).filter(({ state }) => state === 'unclaimed').length;
      for (const instance of this.#of(name).filter(({ state }) => state === 'claimed')) {
        unclaimed += 1;
        if (unclaimed > ahead) {
          void this.#stop(instance);
          continue;
        }
        instance.state = 'unclaimed';
        // The other may have left it standing still.
        this.#options.processes.signal(instance.id, 'SIGCONT');
      }
    }
    cloud.on('message', (message: unknown) => {
      if (isHostQuestion(message)) this.#answer(cloud, message);
    });
  }

  #of(revision: string): RunningInstance[] {
    return [...this.#running.values()].filter((instance) => instance.revision === revision);
  }

  #answer(cloud: ChildProcess, question: HostQuestion): void {
    if ('stopInstance' in question) {
      const instance = this.#running.get(question.stopInstance);
      if (instance !== undefined) void this.#stop(instance);
      return;
    }
    const { startInstance: name, ask } = question;
    const revision = this.#revisions.get(name);
    if (revision === undefined) {
      this.#tell(cloud, { instanceFailed: ask });
      return;
    }
    const unclaimed = this.#of(name).find(({ state }) => state === 'unclaimed');
    const instance = unclaimed ?? this.#start(name, revision, 'claimed');
    instance.state = 'claimed';
    const { id } = instance;
    instance.up.then(
      () => {
        const pid = this.#options.processes.pid(id);
        // It may have ended just now.
        this.#tell(cloud, pid === undefined ? { instanceFailed: ask } : { instanceUp: id, ask, port: instance.port, pid });
      },
      (error: Error) => {
        this.#tell(cloud, { instanceFailed: ask });
        if (!(error instanceof StoppedError)) this.#options.tell(error.message);
      },
    );
  }

  #start(name: string, revision: Revision, state: 'unclaimed' | 'claimed'): RunningInstance {
    const idOf = (place: number) => (place === 1 ? name : `${name}.${place}`);
    let place = 1;
    while (this.#running.has(idOf(place))) place += 1;
    const instance: RunningInstance = { id: idOf(place), revision: name, port: 0, up: Promise.resolve(), state, wasUp: false };
    this.#running.set(instance.id, instance);
    instance.up = this.#launch(instance, revision, place === 1);
    instance.up.catch(() => {
      if (instance.state === 'stopping') return;
      this.#options.processes.signal(instance.id, 'SIGKILL');
      this.#gone(instance);
    });
    return instance;
  }

  async #launch(instance: RunningInstance, { program, after }: Revision, isFirst: boolean): Promise<void> {
    const { processes, portsFrom } = this.#options;
    await after;
    const { firstPort, onCrash: _, env, ...rest } = program;
    // One after the other, so that no two find the same port free.
    this.#placing = this.#placing.then(async () => {
      const taken = new Set([...this.#running.values()].map(({ port }) => port));
      instance.port = isFirst ? firstPort : await freePortFrom(portsFrom, taken);
    });
    await this.#placing;
    if (instance.state === 'stopping') throw new StoppedError(instance.id);
    await processes.start(instance.id, {
      ...('image' in rest ? rest : { ...rest, clock: 'preload' }),
      env: { ...env, PORT: String(instance.port) },
      probePort: instance.port,
      onUp: () => this.#restarted(instance),
      onEnd: (how) => this.#ended(instance, how),
    });
  }

  async #stop(instance: RunningInstance): Promise<void> {
    if (instance.state === 'stopping' || instance.state === 'gone') return;
    instance.state = 'stopping';
    await this.#options.processes.end(instance.id, stopGraceMs);
    this.#gone(instance);
    this.#tellEnd(instance, 'stopped');
  }

  /** It listens: where it did before, somebody has restarted it. */
  #restarted(instance: RunningInstance): void {
    const { id, wasUp } = instance;
    const pid = this.#options.processes.pid(id);
    instance.wasUp = true;
    if (wasUp && pid !== undefined && this.#cloud !== undefined) this.#tell(this.#cloud, { instanceRestarted: id, pid });
  }

  /** It has ended after it was up. */
  #ended(instance: RunningInstance, how: string): void {
    if (instance.state === 'stopping') return;
    this.#gone(instance);
    this.#tellEnd(instance, how);
    this.#revisions.get(instance.revision)?.program.onCrash?.(how);
  }

  #gone(instance: RunningInstance): void {
    instance.state = 'gone';
    this.#options.processes.forget(instance.id);
    this.#running.delete(instance.id);
  }

  #tellEnd({ id }: RunningInstance, how: string): void {
    if (this.#cloud !== undefined) this.#tell(this.#cloud, { instanceEnded: id, how });
  }

  #tell(cloud: ChildProcess, answer: HostAnswer): void {
    if (cloud.connected) cloud.send(answer, () => {});
  }
}

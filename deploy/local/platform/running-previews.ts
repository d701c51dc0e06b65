import { join } from 'node:path';
import { type FrontMessage, isFrontAnswer } from '../cloud/front-message.ts';
import { alwaysOn, type RevisionLimits } from '../cloud/instances/limits.ts';
import type { Front } from '../cloud/start-cloud.ts';
import { fromSources, memoryFlags } from './from-sources.ts';
import type { Instances } from './instances.ts';
import { orAborted } from './or-aborted.ts';
import { freePortPair, type Ports } from './ports.ts';
import { type PreviewCode, takeCode } from './preview-code.ts';
import { PreviewError } from './preview-error.ts';
import type { PreviewTags } from './preview-tags.ts';
import { checkedTarget, type LocalPreview, type PreviewTarget, type PreviewTraffic, previewName } from './previews.ts';
import type { Processes } from './processes.ts';
import type { LocalSecrets } from './secrets.ts';
import { untilForgotten } from './until-listed.ts';
import { untilServing } from './until-serving.ts';

/** A preview as people see it. */
export interface PreviewStatus extends LocalPreview {
  readonly state: 'starting' | 'running' | 'stopping' | 'ended';
  /** What it runs: "this folder", or what --from said. */
  readonly code: string;
  /** Its front, which checks IAM. */
  readonly url: string;
  readonly logFile: string;
}

/** What previews are started with. */
interface RunningPreviewsOptions {
  readonly ports: Ports;
  readonly secrets: LocalSecrets;
  readonly stateDir: string;
  readonly processes: Processes;
  readonly instances: Instances;
  /** How many instances each service has, by name. */
  readonly limits: Readonly<Record<string, RevisionLimits>>;
  /** Resolves when what a service needs in order to start is up. */
  readonly prepared: () => Promise<unknown>;
  /** What Node runs a service with. */
  /** Variables beside a service's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Told when the list of previews that can be called has changed. */
  readonly onChange: () => void;
  /** Tells people what happened without their doing. */
  readonly tell: (text: string) => void;
}

/** Where a preview listens. */
type Place = Pick<LocalPreview, 'port' | 'containerPort'>;

interface Entry {
  status: PreviewStatus;
  code: PreviewCode | undefined;
  /** Of its service's requests. */
  percent: number;
  /** What undoes each step of its start after its code was taken, in the order of the steps. */
  readonly undo: (() => Promise<unknown>)[];
  /** Fires where its process ends while it starts. */
  readonly gone: AbortController;
}

/** The previews of a running platform: second instances of services, each with a process, a front and a tag of its own. */
export class RunningPreviews {
  readonly #options: RunningPreviewsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #busy = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #tags: Promise<PreviewTags> | undefined;
  #placing: Promise<unknown> = Promise.resolve();

  constructor(options: RunningPreviewsOptions) {
    this.#options = options;
  }

  list(): PreviewStatus[] {
    return [...this.#entries.values()].map(({ status }) => status);
  }

  /** Those that can be called. */
  running(): PreviewStatus[] {
    return this.list().filter(({ state }) => state === 'running');
  }

  /**
   * Starts code beside the default of a service and resolves when its tag is set and a request through the gateways has met it, or where only services call it
   * when the gateways list it.
   *
   * @param from a folder of the project by its absolute path, or what git knows a commit by; this folder as it is, where undefined.
   * @param place where it listens; ports that are free, unless told.
   * @throws {PreviewError} for a mistake of who asks, {Error} with the end of its log where it does not start; nothing of it is left then.
   */
  start(target: PreviewTarget, from?: string, place?: Place): Promise<PreviewStatus> {
    return this.#tracked(async () => {
      const { service, tag } = checkedTarget(target);
      const name = previewName(target);
      const known = this.#entries.get(name)?.status.state;
      if (known !== undefined && known !== 'ended') {
        throw new PreviewError(`${service} has a preview "${tag}" already, which is ${known}: stop it first, or use another tag`);
      }
      this.#closing.signal.throwIfAborted();
      const logFile = this.#options.processes.logFile(name);
      const entry: Entry = {
        status: { service, tag, name, port: 0, containerPort: 0, url: '', state: 'starting', code: from ?? 'this folder', logFile },
        code: undefined,
        percent: 0,
        undo: [],
        gone: new AbortController(),
      };
      // Before anything that waits: who asks for the same meanwhile is refused.
      this.#entries.set(name, entry);
      try {
        await this.#begin(entry, from, place);
      } catch (error) {
        await this.#undo(entry);
        this.#entries.delete(name);
        throw error;
      }
      this.#set(entry, 'running');
      return entry.status;
    });
  }

  /** Takes a preview's tag away, lets its requests end, and ends it. @throws {PreviewError} where it does not run. */
  stop(target: PreviewTarget): Promise<void> {
    return this.#tracked(async () => {
      const name = previewName(target);
      const entry = this.#entries.get(name);
      if (entry?.status.state !== 'running') throw new PreviewError(this.#notRunning(target, entry?.status));
      this.#set(entry, 'stopping');
      await this.#undo(entry);
      this.#entries.delete(name);
    });
  }

  /** Gives a preview a share of its service's requests. @throws {PreviewError} where it does not run, or others have too many for that. */
  give(traffic: PreviewTraffic): Promise<void> {
    return this.#tracked(async () => {
      const { service, tag, percent } = traffic;
      const entry = this.#entries.get(previewName({ service, tag }));
      if (entry?.status.state !== 'running') throw new PreviewError(this.#notRunning(traffic, entry?.status));
      if (!(percent >= 0 && percent <= 100)) throw new PreviewError(`${percent} is no percent from 0 to 100`);
      await (await this.#openTags()).give(traffic);
      entry.percent = percent;
    });
  }

  /** Opens fronts and sets tags again, after the local cloud has lost them by being started anew. */
  restore(): Promise<void> {
    return this.#tracked(async () => {
      for (const { status, percent } of [...this.#entries.values()]) {
        if (status.state !== 'running') continue;
        try {
          await this.#openFront(status);
          const tags = await this.#openTags();
          await tags.add(status, status.url);
          if (percent > 0) await tags.give({ ...status, percent });
        } catch (error) {
          this.#options.tell(`the preview ${status.service}=${status.tag} cannot be called since the local cloud ended: ${String(error)}`);
        }
      }
    });
  }

  /** Ends what is under way and removes the code of previews. Their processes are ended by whoever ends the platform's. */
  async close(): Promise<void> {
    this.#closing.abort(new PreviewError('the platform is being stopped'));
    await Promise.all(this.#busy);
    await Promise.all([...this.#entries.values()].map(({ code }) => code?.remove()));
    await (await this.#tags)?.close();
  }

  async #begin(entry: Entry, from: string | undefined, place: Place | undefined): Promise<void> {
    const { secrets, stateDir, instances, limits, prepared, env, ports, tell } = this.#options;
    const { service, name } = entry.status;
    const signal = AbortSignal.any([this.#closing.signal, entry.gone.signal]);
    const code = await takeCode({ service, from, folder: join(stateDir, 'previews', name), signal });
    entry.code = code;
    await this.#place(entry, place);
    const { port, containerPort, url } = entry.status;
    const variables = await code.environment({ service, ports, secrets });
    await orAborted(prepared(), signal);
    // Loaded while the process starts: gRPC and Google's client take time, and a platform without previews needs neither here.
    const loading = Promise.all([this.#openTags(), import('./until-preview-met.ts')]);
    entry.undo.push(() => instances.remove(name));
    await instances.add(name, {
      program: code.program,
      root: code.root,
      // Bundled is what this folder imports.
      nodeFlags: from === undefined ? fromSources.nodeFlags : memoryFlags,
      env: { ...variables, ...env, K_REVISION: name },
      firstPort: containerPort,
      // Cloud Run lets a revision be once it has seen an instance of it come up.
      ahead: 1,
      after: Promise.resolve(),
      // Where there is one only, its end is the preview's; where they come and go, another takes its place.
      ...((limits[service] ?? alwaysOn).maxInstances === 1 && {
        onCrash: (how: string) => void this.#tracked(() => this.#ended(entry, how)),
      }),
    });
    const [tags, { untilPreviewMet }] = await loading;
    await orAborted(untilServing(containerPort), signal);
    await orAborted(this.#openFront(entry.status), signal);
    entry.undo.push(() => this.#askFront(port, { closeFront: port }));
    await orAborted(tags.add(entry.status, url), signal);
    entry.undo.push(async () => {
      await tags.remove(entry.status);
      await untilForgotten(ports, entry.status, this.#closing.signal).catch((error: unknown) => {
        if (!this.#closing.signal.aborted) tell(String(error));
      });
    });
    await untilPreviewMet(ports, entry.status, signal);
  }

  async #ended(entry: Entry, how: string): Promise<void> {
    const { service, tag, logFile, state } = entry.status;
    if (state === 'starting') entry.gone.abort(new Error(`it ended (${how}) while starting. What it said: ${logFile}`));
    if (state !== 'running' || this.#closing.signal.aborted) return;
    this.#set(entry, 'ended');
    await this.#undo(entry);
    this.#options.tell(`the preview ${service}=${tag} ended (${how}): its tag is removed. What it said: ${logFile}`);
  }

  /** In the opposite order of the start: tag, front, process, code. A step that fails stops none of the others. */
  async #undo(entry: Entry): Promise<void> {
    const { signal } = this.#closing;
    for (const step of [...entry.undo.splice(0).reverse(), () => entry.code?.remove()]) {
      try {
        // What the platform ends by itself is not waited for.
        await (step === undefined ? undefined : orAborted(Promise.resolve(step()), signal));
      } catch (error) {
        if (!signal.aborted) this.#options.tell(`the preview ${entry.status.name} was not taken down cleanly: ${String(error)}`);
      }
    }
  }

  #set(entry: Entry, state: PreviewStatus['state']): void {
    entry.status = { ...entry.status, state };
    this.#options.onChange();
  }

  /** One at a time, so that no two find the same ports free. */
  #place(entry: Entry, place: Place | undefined): Promise<void> {
    const placed = this.#placing.then(async () => {
      const taken = new Set(this.list().flatMap(({ port, containerPort }) => [port, containerPort]));
      const [port, containerPort] = place ? [place.port, place.containerPort] : await freePortPair(this.#options.ports, taken);
      entry.status = { ...entry.status, port, containerPort, url: `http://127.0.0.1:${port}` };
    });
    this.#placing = placed.catch(() => {});
    return placed;
  }

  #openFront({ service, name, port }: PreviewStatus): Promise<void> {
    const limits = this.#options.limits[service] ?? alwaysOn;
    // It has no traffic of its service's until it is given some.
    const front: Front = { service, revision: name, port, limits, startedAhead: 1 };
    return this.#askFront(port, { openFront: front });
  }

  async #askFront(port: number, message: FrontMessage): Promise<void> {
    const answer = await this.#options.processes.ask('cloud', message, (candidate) => isFrontAnswer(candidate, port));
    if (!isFrontAnswer(answer, port)) throw new Error('the local cloud ended meanwhile');
    if (answer.error !== undefined) throw new Error(answer.error);
  }

  #openTags(): Promise<PreviewTags> {
    this.#tags ??= import('./preview-tags.ts').then(({ PreviewTags }) => new PreviewTags(this.#options.ports.run));
    return this.#tags;
  }

  #notRunning({ service, tag }: PreviewTarget, status: PreviewStatus | undefined): string {
    if (status?.state === 'ended') return `the preview ${service}=${tag} has ended by itself. What it said: ${status.logFile}`;
    if (status !== undefined) return `the preview ${service}=${tag} is ${status.state}`;
    const running = this.running().map((other) => `${other.service}=${other.tag}`);
    return `no preview ${service}=${tag} runs: there ${running.length === 0 ? 'is none' : `are ${running.join(', ')}`}`;
  }

  #tracked<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    const settled: Promise<void> = running.then(
      () => {},
      () => {},
    );
    this.#busy.add(settled);
    void settled.then(() => this.#busy.delete(settled));
    return running;
  }
}

import type { ClientHttp2Session } from 'node:http2';
import { errorCode } from '../../../../services/platform/contracts/error-code.ts';
import type { Clock } from '../../shared/local-server.ts';
import { Instance, type SendSignal } from './instance.ts';
import type { InstanceHost } from './instance-host.ts';
import type { InstanceUse } from './instance-use.ts';
import type { RevisionLimits } from './limits.ts';
import { NoInstanceError } from './no-instance.ts';
import { decideScaling, neededFor } from './scaling.ts';

/** A place for one request at an instance. */
export interface Lease {
  /** The instance's connection. */
  readonly session: ClientHttp2Session;
  /** The request is over. Called once. */
  release(): void;
}

/** What gives each request its place. */
export interface Backend {
  /** A place; a promise where one has to be waited for. @throws {NoInstanceError} through the promise. */
  lease(): Lease | Promise<Lease>;
}

/** What a revision's instances are made from. */
interface PoolOptions {
  readonly revision: string;
  readonly limits: RevisionLimits;
  /** Instances that have been started before the pool was there: they are asked for at once. */
  readonly startedAhead: number;
  readonly host: InstanceHost;
  readonly clock: Clock;
  /** Default: to real processes. */
  readonly signal?: SendSignal;
}

/** Requests wait for so long at least... */
const pendingMs = 10_000;
/** ...and for so many times what an instance needs to start. https://docs.cloud.google.com/run/docs/about-instance-autoscaling#exceeding_maximum_instances */
const pendingStarts = 3.5;

/** After a start that failed the next one waits. */
const retryMs = 200;
const longestRetryMs = 5_000;

interface Waiting {
  readonly untilMs: number;
  readonly grant: (lease: Lease) => void;
  readonly fail: (error: NoInstanceError) => void;
}

/** The instances of one revision: as many as its requests need, each with as many requests as it may have. */
export class RevisionPool implements Backend {
  readonly #options: PoolOptions;
  #limits: RevisionLimits;
  #instances: Instance[] = [];
  #ended: InstanceUse[] = [];
  #starting = 0;
  #failedStarts = 0;
  #noStartBeforeMs = 0;
  #startupMs = 0;
  #startups = 0;
  #waiting: Waiting[] = [];
  #requests = 0;
  #needed = 0;
  #neededMs: number[] = [];
  #next = 0;
  #holds = 0;
  #closed = false;
  #cancelAgain = () => {};
  #cancelPending = () => {};

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#limits = options.limits;
    for (let count = 0; count < options.startedAhead; count++) this.#start();
    this.#scale();
  }

  lease(): Lease | Promise<Lease> {
    this.#count(1);
    const lease = this.#place();
    if (lease !== undefined) return lease;
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    const startMs = this.#startups === 0 ? 0 : (this.#startupMs / this.#startups) * pendingStarts;
    const untilMs = this.#options.clock.now() + Math.max(pendingMs, startMs);
    this.#waiting.push({ untilMs, grant: resolve, fail: reject });
    if (this.#waiting.length === 1) this.#armPending();
    this.#scale();
    return promise;
  }

  /** Keeps as many instances as a revision with so many percent of its service's traffic does. */
  keepFor(percent: number): void {
    const { limits } = this.#options;
    if (!limits.minFollowsTraffic) return;
    this.#limits = { ...limits, minInstances: Math.ceil((limits.minInstances * percent) / 100) };
    this.#scale();
  }

  /** Lets all of them run until `letGo`, requests or not. */
  hold(): void {
    this.#holds += 1;
    for (const instance of this.#instances) instance.hold();
  }

  letGo(): void {
    this.#holds -= 1;
    for (const instance of this.#instances) instance.letGo();
  }

  /** What all instances so far have used. */
  use(): InstanceUse[] {
    return [...this.#ended, ...this.#instances.map((instance) => instance.use())];
  }

  /** Starts and ends nothing any more; requests that wait are told. What runs is ended by whoever has started it. */
  close(): void {
    this.#closed = true;
    this.#cancelAgain();
    this.#cancelPending();
    for (const instance of this.#instances) instance.disconnect();
    for (const { fail } of this.#waiting.splice(0)) fail(new NoInstanceError(503));
  }

  /** A place at the one with the fewest requests, in turn where several have as few: no session affinity. Undefined where none is free. */
  #place(): Lease | undefined {
    const instances = this.#instances;
    const { concurrency } = this.#limits;
    let best: Instance | undefined;
    let bestSession: ClientHttp2Session | undefined;
    let bestIndex = 0;
    for (let step = 0; step < instances.length; step++) {
      const index = (this.#next + step) % instances.length;
      const instance = instances[index];
      const session = instance?.session;
      if (instance === undefined || session === undefined || instance.requests >= concurrency) continue;
      if (best !== undefined && instance.requests >= best.requests) continue;
      best = instance;
      bestSession = session;
      bestIndex = index;
      if (instance.requests === 0) break;
    }
    if (best === undefined || bestSession === undefined) return undefined;
    this.#next = bestIndex + 1;
    return this.#leaseOf(best, bestSession);
  }

  #leaseOf(instance: Instance, session: ClientHttp2Session): Lease {
    instance.begin();
    return {
      session,
      release: () => {
        instance.end();
        this.#count(-1);
        if (this.#waiting.length > 0) this.#grant();
      },
    };
  }

  /** Counts requests, and remembers until when so many instances were needed. */
  #count(change: 1 | -1): void {
    this.#requests += change;
    const needed = neededFor(this.#requests, this.#limits.concurrency);
    if (needed === this.#needed) return;
    const nowMs = this.#options.clock.now();
    for (let count = needed + 1; count <= this.#needed; count++) this.#neededMs[count] = nowMs;
    const fewer = needed < this.#needed;
    this.#needed = needed;
    if (fewer) this.#scale();
  }

  /** Gives those that wait the places that there are. */
  #grant(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const lease = this.#place();
      if (lease === undefined) return;
      this.#waiting.shift();
      next.grant(lease);
    }
  }

  #scale(): void {
    if (this.#closed) return;
    this.#cancelAgain();
    const { clock } = this.#options;
    const { start, stop, againMs } = decideScaling({
      nowMs: clock.now(),
      limits: this.#limits,
      waiting: this.#waiting.length,
      ready: this.#instances,
      starting: this.#starting,
      neededMs: this.#neededMs,
      noStartBeforeMs: this.#noStartBeforeMs,
    });
    for (let count = 0; count < start; count++) this.#start();
    for (const instance of stop) this.#stop(instance);
    if (againMs !== undefined) this.#cancelAgain = clock.schedule(Math.max(0, againMs - clock.now()), () => this.#scale());
  }

  #start(): void {
    const { revision, host, clock, signal = sendSignal } = this.#options;
    const askedMs = clock.now();
    this.#starting += 1;
    host.start(revision).then(
      (hosted) => {
        this.#starting -= 1;
        this.#failedStarts = 0;
        this.#startupMs += clock.now() - askedMs;
        this.#startups += 1;
        const { cpuThrottling } = this.#limits;
        const instance: Instance = new Instance({
          revision,
          hosted,
          cpuThrottling,
          clock,
          askedMs,
          signal,
          onChange: () => this.#changed(),
        });
        for (let hold = 0; hold < this.#holds; hold++) instance.hold();
        this.#instances.push(instance);
        void hosted.ended.then(() => this.#remove(instance));
      },
      () => {
        this.#starting -= 1;
        this.#noStartBeforeMs = clock.now() + Math.min(longestRetryMs, retryMs * 2 ** this.#failedStarts);
        this.#failedStarts += 1;
        // Nobody else will come up for them.
        if (this.#starting === 0 && this.#instances.length === 0) {
          for (const { fail } of this.#waiting.splice(0)) {
            this.#count(-1);
            fail(new NoInstanceError(503));
          }
        }
        this.#scale();
      },
    );
  }

  #stop(instance: Instance): void {
    this.#instances = this.#instances.filter((other) => other !== instance);
    instance.stop();
  }

  #remove(instance: Instance): void {
    this.#instances = this.#instances.filter((other) => other !== instance);
    this.#ended.push(instance.use());
    this.#scale();
  }

  #changed(): void {
    this.#grant();
    this.#scale();
  }

  /** Requests wait in the order in which they came, so the first is the first whose time is up. */
  #armPending(): void {
    this.#cancelPending();
    const [first] = this.#waiting;
    if (first === undefined) return;
    const { clock } = this.#options;
    this.#cancelPending = clock.schedule(Math.max(0, first.untilMs - clock.now()), () => {
      for (let next = this.#waiting[0]; next !== undefined && next.untilMs <= clock.now(); next = this.#waiting[0]) {
        this.#waiting.shift();
        this.#count(-1);
        next.fail(new NoInstanceError(this.#instances.length > 0 ? 429 : 503));
      }
      this.#armPending();
    });
  }
}

/** @see SendSignal */
function sendSignal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

import { type ClientHttp2Session, connect } from 'node:http2';
import type { Clock } from '../../shared/local-server.ts';
import { maxSessionMemoryMib, sessionWindowBytes, streamWindowBytes } from '../cloud-run-front/limits.ts';
import type { HostedInstance } from './instance-host.ts';
import { billed, type InstanceUse } from './instance-use.ts';

/** What an instance is driven by. */
interface InstanceOptions {
  readonly revision: string;
  readonly hosted: HostedInstance;
  /** It stands still while it has no request. */
  readonly cpuThrottling: boolean;
  readonly clock: Clock;
  /** When its start was asked for. */
  readonly askedMs: number;
  readonly signal: SendSignal;
  /** Called when it takes requests, and when it no longer does. */
  readonly onChange: () => void;
}

/** Sends a signal to a process, which may be gone. */
export type SendSignal = (pid: number, name: 'SIGSTOP' | 'SIGCONT') => void;

/** The time between a lost connection and the next. */
const redialMs = 20;

/**
 * "Startup CPU boost" lasts for ten seconds after an instance has come up, and our manifests ask for it: so long it has the CPU without a request, until it has
 * had its first. https://docs.cloud.google.com/run/docs/configuring/services/cpu#startup-boost
 */
const boostMs = 10_000;

/** An instance that has come up: its one connection, its requests, and whether it has the CPU. */
export class Instance {
  readonly #options: InstanceOptions;
  readonly #sessions = new Set<ClientHttp2Session>();
  readonly upMs: number;
  usedMs: number;
  requests = 0;
  #session: ClientHttp2Session | undefined;
  #state: 'running' | 'stopping' | 'ended' = 'running';
  #frozen = false;
  #holds = 0;
  #served = 0;
  #activeMs = 0;
  #billedMs = 0;
  #activeSinceMs: number;
  #cancelBoost = () => {};

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.upMs = options.clock.now();
    this.usedMs = this.upMs;
    // CPU is there during its start, which is paid for as well.
    this.#activeSinceMs = options.askedMs;
    this.#cancelBoost = options.clock.schedule(boostMs, () => this.#freezeIfQuiet());
    void options.hosted.ended.then(() => this.#end());
    this.#dial();
  }

  get id(): string {
    return this.#options.hosted.id;
  }

  /** Its connection, where it takes requests. */
  get session(): ClientHttp2Session | undefined {
    return this.#state === 'running' ? this.#session : undefined;
  }

  begin(): void {
    this.requests += 1;
    this.#served += 1;
    this.usedMs = this.#options.clock.now();
    this.#thaw();
  }

  end(): void {
    this.requests -= 1;
    this.usedMs = this.#options.clock.now();
    this.#freezeIfQuiet();
  }

  /** Lets it run although it has no request, until `letGo`. */
  hold(): void {
    this.#holds += 1;
    this.#thaw();
  }

  letGo(): void {
    this.#holds -= 1;
    this.#freezeIfQuiet();
  }

  #freezeIfQuiet(): void {
    const { cpuThrottling, clock } = this.#options;
    if (!cpuThrottling || this.#frozen || this.requests > 0 || this.#holds > 0 || this.#state !== 'running') return;
    if (this.#served === 0 && clock.now() < this.upMs + boostMs) return;
    this.#frozen = true;
    this.#wasActive();
    this.#options.signal(this.#options.hosted.pid, 'SIGSTOP');
  }

  #thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    this.#activeSinceMs = this.#options.clock.now();
    this.#options.signal(this.#options.hosted.pid, 'SIGCONT');
  }

  /** Ends it. It has the CPU for that. */
  stop(): void {
    if (this.#state !== 'running') return;
    this.#thaw();
    this.#state = 'stopping';
    this.#options.hosted.stop();
  }

  /** Lets go of it: it runs on, and gets no more requests. */
  disconnect(): void {
    this.#thaw();
    this.#state = 'stopping';
    this.#cancelBoost();
    for (const session of this.#sessions) session.destroy();
  }

  /** What it has used so far. */
  use(): InstanceUse {
    const { revision, askedMs, clock } = this.#options;
    const nowMs = clock.now();
    const sinceMs = this.#frozen || this.#state === 'ended' ? 0 : nowMs - this.#activeSinceMs;
    return {
      revision,
      instance: this.id,
      startedMs: askedMs,
      startupMs: this.upMs - askedMs,
      lifeMs: (this.#state === 'ended' ? this.usedMs : nowMs) - askedMs,
      activeMs: this.#activeMs + sinceMs,
      billedMs: this.#billedMs + billed(sinceMs),
      requests: this.#served,
    };
  }

  #wasActive(): void {
    const activeMs = this.#options.clock.now() - this.#activeSinceMs;
    this.#activeMs += activeMs;
    this.#billedMs += billed(activeMs);
  }

  #end(): void {
    if (!this.#frozen) this.#wasActive();
    this.usedMs = this.#options.clock.now();
    this.#state = 'ended';
    this.#cancelBoost();
    for (const session of this.#sessions) session.destroy();
    this.#options.onChange();
  }

  #dial(): void {
    const made = connect(`http://127.0.0.1:${this.#options.hosted.port}`, {
      maxSessionMemory: maxSessionMemoryMib,
      settings: { initialWindowSize: streamWindowBytes, enablePush: false },
    });
    this.#sessions.add(made);
    made.once('connect', () => {
      made.setLocalWindowSize(sessionWindowBytes);
      this.#session = made;
      this.#options.onChange();
    });
    // Each stream on it hears of the failure by itself.
    made.on('error', () => {});
    const lost = () => {
      if (this.#session !== made) return;
      this.#session = undefined;
      this.#options.onChange();
    };
    made.once('goaway', lost);
    made.once('close', () => {
      lost();
      this.#sessions.delete(made);
      // The process may be about to end, which comes to be known in a moment.
      if (this.#state === 'running') setTimeout(() => this.#state === 'running' && this.#dial(), redialMs).unref();
    });
  }
}

import { IdTable } from '../id-table.ts';
import type { HttpCallResponse, PluginEnvironment } from './host.ts';
import { hostFunctions } from './host-functions.ts';
import type { MetricStore } from './metric-store.ts';
import type { RootContext } from './root-context.ts';
import type { SharedData } from './shared-data.ts';
import type { StreamContext } from './stream-context.ts';
import { VmMemory } from './vm-memory.ts';
import { wasiFunctions } from './wasi.ts';

/** What the plugins of one VM have in common. */
export interface VmOptions {
  readonly module: WebAssembly.Module;
  readonly vmConfiguration: Uint8Array;
  readonly metrics: MetricStore;
  readonly sharedData: SharedData;
  /** For the clock and the log before any plugin is there. */
  readonly environment: PluginEnvironment;
  /** The VM trapped. Called once. */
  readonly onFailure: () => void;
}

export type LogLevel = Parameters<PluginEnvironment['log']>[0];

type Callback = (...args: number[]) => number | undefined;

/**
 * One instance of a module with its contexts. A host function works on the effective context: the one that the VM was called for, or the one that
 * the plugin chose since. Outside of a call there is none, so that host functions trap during the start, as V8 in Envoy does it.
 */
export class Vm {
  readonly options: VmOptions;
  readonly memory: VmMemory;
  readonly contexts = new IdTable<RootContext | StreamContext>();
  readonly callbacks: Readonly<Record<string, Callback | undefined>>;
  /** The response of an HTTP call, during its callback. */
  httpCallResponse: HttpCallResponse | undefined;
  failed = false;
  #current: RootContext | StreamContext | undefined;
  #effective: number | undefined;
  #nextContextId = 1;
  #pending: StreamContext[] = [];

  /** Instantiates and starts the module. Throws what the start throws. */
  constructor(options: VmOptions) {
    this.options = options;
    const instance = new WebAssembly.Instance(options.module, { env: hostFunctions(this), wasi_snapshot_preview1: wasiFunctions(this) });
    const exports = instance.exports as Record<string, unknown>;
    this.callbacks = exports as Record<string, Callback | undefined>;
    const malloc = (exports.malloc ?? exports.proxy_on_memory_allocate) as (size: number) => number;
    this.memory = new VmMemory(exports.memory as WebAssembly.Memory, malloc);
    if (this.callbacks._initialize) {
      this.callbacks._initialize();
      this.callbacks.main?.(0, 0);
    } else {
      this.callbacks._start?.();
    }
  }

  nextContextId(): number {
    return this.#nextContextId++;
  }

  /** The context that a host function works on; a trap during the start. */
  context(hostFunction: string): RootContext | StreamContext {
    const current = this.#current;
    if (current === undefined)
      throw new Error(`${hostFunction} is restricted: host functions cannot be called during the start of a module`);
    if (this.#effective === undefined) return current;
    return this.contexts.get(this.#effective) ?? current;
  }

  /** False where there is no such context (any more). */
  setEffectiveContext(id: number): boolean {
    if (!this.contexts.has(id)) return false;
    this.#effective = id;
    return true;
  }

  /** Logs for the current plugin; during the start for the first one. */
  log(level: LogLevel, message: string): void {
    if (this.#current === undefined) this.options.environment.log(level, message);
    else this.#current.root.log(level, message);
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return (this.#current === undefined ? this.options : this.#current.root).environment.now();
  }

  /** Calls into the VM for a context. After a trap it gives undefined, and the VM is `failed`. Callers run `settle` behind it. */
  call(context: RootContext | StreamContext, callback: Callback, a: number, b = 0, c = 0, d = 0, e = 0): number | undefined {
    const current = this.#current;
    const effective = this.#effective;
    this.#current = context;
    this.#effective = undefined;
    try {
      return callback(a, b, c, d, e);
    } catch (error) {
      this.#fail(context.root, error);
      return undefined;
    } finally {
      this.#current = current;
      this.#effective = effective;
    }
  }

  /** The stream has something to do once the call has returned. */
  defer(stream: StreamContext): void {
    this.#pending.push(stream);
  }

  /** Carries out what the plugin asked for during the calls before. */
  settle(): void {
    while (this.#pending.length > 0 && this.#current === undefined) this.#pending.shift()!.settle();
  }

  #fail(root: RootContext, error: unknown): void {
    if (this.failed) return;
    this.failed = true;
    root.log('critical', `wasm plugin "${root.config.name}" trapped: ${describe(error)}`);
    this.stop();
    for (const context of this.contexts.values()) if (context !== context.root) (context as StreamContext).onVmFailure();
    this.options.onFailure();
  }

  /** Stops timers and calls of every plugin. */
  stop(): void {
    for (const context of this.contexts.values()) if (context === context.root) context.root.stop();
  }
}

/** The error with its stack: of a trap only the wasm part, whose names tell where the plugin trapped; of anything else all of it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const frames = (error.stack ?? '').split('\n').slice(1);
  const shown = error instanceof WebAssembly.RuntimeError ? frames.filter((line) => line.includes('wasm://')) : frames;
  return [error.message, ...shown.map((line) => line.trim())].join(' ');
}

import type { PluginConfig, PluginEnvironment } from './host.ts';
import { MetricStore } from './metric-store.ts';
import { RootContext } from './root-context.ts';
import type { SharedData } from './shared-data.ts';
import { Vm } from './vm.ts';

/** Between two loads of a VM whose policy is to reload; Envoy's default. */
const reloadIntervalMs = 1000;

/** A plugin in a VM. Its root context changes with each reload, and is missing while the VM has failed. */
export interface Member {
  readonly config: PluginConfig;
  readonly environment: PluginEnvironment;
  root: RootContext | undefined;
}

export interface PluginVmOptions {
  readonly module: WebAssembly.Module;
  readonly vmConfiguration: Uint8Array;
  readonly sharedData: SharedData;
  /** The first plugin's. */
  readonly name: string;
  readonly environment: PluginEnvironment;
}

/** A VM as its plugins see it: one that may trap and come back. */
export class PluginVm {
  readonly metrics = new MetricStore();
  readonly #options: PluginVmOptions;
  readonly #members = new Set<Member>();
  #vm: Vm;
  #loadedAt: number;

  /** Throws what the start of the module throws. */
  constructor(options: PluginVmOptions) {
    this.#options = options;
    this.#loadedAt = options.environment.now();
    this.#vm = this.#load();
  }

  get failed(): boolean {
    return this.#vm.failed;
  }

  get memoryBytes(): number {
    return this.#vm.memory.size;
  }

  get empty(): boolean {
    return this.#members.size === 0;
  }

  /** Starts a plugin. Throws where it refuses its start or its configuration. */
  add(config: PluginConfig, environment: PluginEnvironment): Member {
    const member: Member = { config, environment, root: undefined };
    this.#start(member);
    this.#members.add(member);
    return member;
  }

  remove(member: Member): void {
    this.#members.delete(member);
    member.root?.close();
    member.root = undefined;
  }

  /** The plugin's context for a new stream. undefined: the VM has failed, and it is not time to reload it, or the policy is not to. */
  rootOf(member: Member): RootContext | undefined {
    if (!this.#vm.failed) return member.root;
    if (member.config.failurePolicy === 'fail-reload' && member.environment.now() >= this.#loadedAt + reloadIntervalMs)
      this.#reload(member);
    return member.root;
  }

  #load(): Vm {
    const onFailure = (): void => {
      for (const member of this.#members) member.root = undefined;
    };
    try {
      return new Vm({ ...this.#options, metrics: this.metrics, onFailure });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`wasm plugin "${this.#options.name}" did not start: ${reason}`, { cause });
    }
  }

  #reload(cause: Member): void {
    this.#loadedAt = cause.environment.now();
    cause.environment.log('info', `reloading the VM of wasm plugin "${cause.config.name}"`);
    try {
      this.#vm = this.#load();
      for (const member of this.#members) this.#start(member);
    } catch (error) {
      this.#vm.failed = true;
      this.#vm.stop();
      for (const member of this.#members) member.root = undefined;
      cause.environment.log('critical', `reload failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #start(member: Member): void {
    const root = new RootContext(this.#vm, member.config, member.environment);
    const refusal = root.start();
    if (refusal === undefined) {
      member.root = root;
      return;
    }
    if (refusal !== 'trap') root.close();
    const why =
      refusal === 'trap' ? 'it trapped' : refusal === 'proxy_on_configure' ? 'it refused its configuration' : `${refusal} said no`;
    throw new Error(`wasm plugin "${member.config.name}" did not start: ${why}${root.lastError ? `: ${root.lastError}` : ''}`);
  }
}

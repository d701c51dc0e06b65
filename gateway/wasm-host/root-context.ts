import type { HttpCallRequest, HttpCallResponse, PluginConfig, PluginEnvironment } from './host.ts';
import type { LogLevel, Vm } from './vm.ts';

/** One plugin in a VM: its configuration, its timer, its calls. */
export class RootContext {
  readonly vm: Vm;
  readonly id: number;
  readonly config: PluginConfig;
  readonly environment: PluginEnvironment;
  /** The last line that the plugin logged as an error: why it refuses its configuration. */
  lastError = '';
  readonly #calls = new Map<number, { cancel(): void }>();
  #nextCallId = 1;
  #tickPeriodMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(vm: Vm, config: PluginConfig, environment: PluginEnvironment) {
    this.vm = vm;
    this.id = vm.nextContextId();
    this.config = config;
    this.environment = environment;
    vm.contexts.add(this.id, this);
  }

  get root(): RootContext {
    return this;
  }

  /** Runs the plugin's start. Gives the step that refused it, or undefined where all went well. */
  start(): 'proxy_on_vm_start' | 'proxy_on_configure' | 'trap' | undefined {
    const { vm, id } = this;
    const steps = [
      ['proxy_on_context_create', 0],
      ['proxy_on_vm_start', vm.options.vmConfiguration.length],
      ['proxy_on_configure', this.config.configuration.length],
    ] as const;
    for (const [name, argument] of steps) {
      const callback = vm.callbacks[name];
      if (callback === undefined) continue;
      const result = vm.call(this, callback, id, argument);
      vm.settle();
      if (vm.failed) return 'trap';
      if (result === 0 && name !== 'proxy_on_context_create') return name;
    }
    return undefined;
  }

  log(level: LogLevel, message: string): void {
    if (level === 'error' || level === 'critical') this.lastError = message;
    this.environment.log(level, message);
  }

  /** 0 stops the ticks. */
  setTickPeriod(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#tickPeriodMs = milliseconds;
    this.#arm();
  }

  /** Starts an HTTP call; its id, or why it cannot start. */
  httpCall(request: HttpCallRequest): number | 'unknown-cluster' | 'no-healthy-host' {
    const id = this.#nextCallId++;
    const call = this.environment.httpCall(request, (response) => this.#onResponse(id, response));
    if (typeof call === 'string') return call;
    this.#calls.set(id, call);
    return id;
  }

  /** Stops the timer and the calls; nothing calls the plugin by itself from here on. */
  stop(): void {
    this.setTickPeriod(0);
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.cancel();
  }

  /** Tells the plugin that its context ends. */
  close(): void {
    this.stop();
    const { vm } = this;
    const { proxy_on_done: onDone, proxy_on_delete: onDelete } = vm.callbacks;
    if (onDone && !vm.failed) vm.call(this, onDone, this.id);
    if (onDelete && !vm.failed) vm.call(this, onDelete, this.id);
    vm.contexts.delete(this.id);
    vm.settle();
  }

  #arm(): void {
    if (this.#tickPeriodMs === 0) return;
    // Node takes a longer delay for 1 ms.
    this.#timer = setTimeout(() => this.#tick(), Math.min(this.#tickPeriodMs, 2 ** 31 - 1));
    this.#timer.unref();
  }

  #tick(): void {
    const timer = this.#timer;
    const onTick = this.vm.callbacks.proxy_on_tick;
    if (onTick) this.vm.call(this, onTick, this.id);
    this.vm.settle();
    // Unless the plugin has set another period meanwhile.
    if (this.#timer === timer) this.#arm();
  }

  #onResponse(id: number, response: HttpCallResponse): void {
    if (!this.#calls.delete(id)) return;
    const { vm } = this;
    const callback = vm.callbacks.proxy_on_http_call_response;
    if (callback === undefined || vm.failed) return;
    vm.httpCallResponse = response;
    vm.call(this, callback, this.id, id, headerCount(response.headers), response.body.length, headerCount(response.trailers));
    vm.httpCallResponse = undefined;
    vm.settle();
  }
}

/** Number of pairs. */
export function headerCount(headers: HttpCallResponse['headers']): number {
  if (headers === undefined) return 0;
  if (headers.size !== undefined) return headers.size;
  let count = 0;
  for (const _ of headers.entries()) count++;
  return count;
}

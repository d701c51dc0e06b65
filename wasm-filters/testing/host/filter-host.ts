import { errorText } from '../../../services/platform/contracts/error-text.ts';
import { HeaderList } from './header-list.ts';
import type { Property } from './properties.ts';
import { type CallRequest, type CallResponse, ScriptedCall } from './scripted-call.ts';
import { Stream } from './stream.ts';
import { failedReply, Vm } from './vm.ts';
import type { VmHost } from './vm-host.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

/** Envoy waits at least so long between two loads of a VM, and up to half as long again, at random. */
const reloadMs = 1_000;

/** The filter is not loaded: it does not start, or refuses its configuration. */
class FilterRefused extends Error {
  override readonly name = 'FilterRefused';
}

/**
 * Runs a filter without a proxy around it, for what a test cannot have of a real one: a clock that it moves (fake Date, setTimeout and setInterval), a
 * server that answers when and what it says, traps. Reloads a VM that trapped, as FAIL_RELOAD does. Everything it answers is Envoy's own.
 *
 *     const host = await FilterHost.start(code, '{"…": "…"}');
 *     const stream = host.request([[':path', '/']], { xds: { cluster_name: 'customer' } });
 *     host.calls[0]!.answer('200', 'a token');
 *     expect(stream.state).toBe('sent');
 */
export class FilterHost implements VmHost {
  readonly configuration: Buffer;
  /** Every call that the filter started. */
  readonly calls: ScriptedCall[] = [];
  /** What it logged: "warn: …". */
  readonly lines: string[] = [];
  /** Set to have calls not start: an unknown cluster is the configuration's fault, no healthy host is not. */
  refuseCalls: (cluster: string) => 'unknown-cluster' | 'no-healthy-host' | undefined = () => undefined;
  /** Told of each host call, by its name: what the calls of a request cost in Envoy is most of what a filter costs. */
  onHostCall: (name: string) => void = () => {};
  readonly #module: WebAssembly.Module;
  /** By name, and by each id that the filter got: as often as it defines one, so many ids it has. */
  readonly #metrics = new Map<string, { value: bigint }>();
  readonly #metricIds: { value: bigint }[] = [];
  #vm: Vm | undefined;
  #loadedAt = 0;

  private constructor(module: WebAssembly.Module, configuration: string | Uint8Array) {
    this.#module = module;
    this.configuration = Buffer.from(configuration);
  }

  /** @throws FilterRefused with what the filter logged as an error. */
  static async start(code: Uint8Array, configuration: string | Uint8Array): Promise<FilterHost> {
    const host = new FilterHost(await WebAssembly.compile(code), configuration);
    host.#load();
    return host;
  }

  /** Sends a request through. It is over when it `end`s. */
  request(headers: readonly (readonly [string, string])[], properties: Property = {}): Stream {
    if (this.#vm?.failed && Date.now() >= this.#loadedAt + reloadMs) this.#load();
    const create = (onEnd: () => void): Stream => new Stream(new HeaderList(headers), properties, onEnd);
    const stream = this.#vm!.failed ? create(() => {}) : this.#vm!.request(create);
    if (this.#vm!.failed) {
      stream.wish(failedReply);
      stream.settle();
    }
    return stream;
  }

  metric(name: string): number {
    return Number(this.#metrics.get(name)?.value);
  }

  get trapped(): boolean {
    return this.#vm!.failed;
  }

  get memoryBytes(): number {
    return this.#vm!.memory.size;
  }

  /** Stops its timer and its calls. */
  close(): void {
    this.#vm?.stop();
  }

  log(level: number, message: string): void {
    this.lines.push(`${levels[level]}: ${message}`);
  }

  defineMetric(name: string): number {
    const metric = this.#metrics.get(name) ?? { value: 0n };
    this.#metrics.set(name, metric);
    return this.#metricIds.push(metric) - 1;
  }

  addToMetric(id: number, difference: bigint): boolean {
    const metric = this.#metricIds[id];
    if (metric !== undefined) metric.value += difference;
    return metric !== undefined;
  }

  startCall(request: CallRequest, deliver: (response: CallResponse) => void): ScriptedCall | 'unknown-cluster' | 'no-healthy-host' {
    const refusal = this.refuseCalls(request.cluster);
    if (refusal !== undefined) return refusal;
    const call = new ScriptedCall(request, deliver);
    this.calls.push(call);
    return call;
  }

  #load(): void {
    this.#loadedAt = Date.now();
    try {
      this.#vm = new Vm(this.#module, this);
    } catch (cause) {
      const said = this.lines.findLast((line) => /^(error|critical): /.test(line));
      const reason = said === undefined ? '' : `: ${said.slice(said.indexOf(' ') + 1)}`;
      throw new FilterRefused(`${errorText(cause)}${reason}`, { cause });
    }
  }
}

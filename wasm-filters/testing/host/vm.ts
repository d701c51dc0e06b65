import { errorText } from '../../../services/platform/contracts/error-text.ts';
import { GuestMemory } from './guest-memory.ts';
import { hostFunctions } from './host-functions.ts';
import type { CallRequest, CallResponse, ScriptedCall } from './scripted-call.ts';
import type { Stream } from './stream.ts';
import type { VmHost } from './vm-host.ts';

type Callback = (...args: number[]) => number | undefined;

/** The root's context; those of streams follow. */
const rootId = 1;

/** One instance of a filter with its contexts, timer and calls. */
export class Vm {
  readonly around: VmHost;
  readonly memory: GuestMemory;
  response: CallResponse | undefined;
  configuring = false;
  failed = false;
  readonly #exports: Readonly<Record<string, Callback | undefined>>;
  readonly #streams = new Map<number, Stream>();
  readonly #calls = new Map<number, ScriptedCall>();
  #effective: Stream | undefined;
  #running = false;
  #nextId = rootId + 1;
  #nextCall = 1;
  #tickTimer: NodeJS.Timeout | undefined;

  /** Throws where the module does not start or refuses its configuration. */
  constructor(module: WebAssembly.Module, around: VmHost) {
    this.around = around;
    const instance = new WebAssembly.Instance(module, { env: this.#told(hostFunctions(this)) });
    this.#exports = instance.exports as Record<string, Callback | undefined>;
    this.memory = new GuestMemory(
      instance.exports['memory'] as WebAssembly.Memory,
      this.#exports['proxy_on_memory_allocate'] as (size: number) => number,
    );
    this.#exports['_initialize']?.();
    this.configuring = true;
    const taken = this.call('proxy_on_configure', undefined, rootId, around.configuration.length);
    this.configuring = false;
    if (this.failed || (taken === 0 && this.#exports['proxy_on_configure'] !== undefined)) {
      this.stop();
      throw new Error(this.failed ? 'the filter trapped while it was configured' : 'the filter refused its configuration');
    }
  }

  #told(functions: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const entries = Object.entries(functions as Readonly<Record<string, (...args: unknown[]) => unknown>>);
    return Object.fromEntries(
      entries.map(([name, run]) => [
        name,
        (...args: unknown[]) => {
          this.around.onHostCall(name);
          return run(...args);
        },
      ]),
    );
  }

  effective(hostFunction: string): Stream | undefined {
    if (!this.#running) throw new Error(`${hostFunction} is restricted: it cannot be called during the start of a module`);
    return this.#effective;
  }

  setEffective(id: number): boolean {
    const stream = this.#streams.get(id);
    if (stream === undefined && id !== rootId) return false;
    this.#effective = stream;
    return true;
  }

  /** Takes a new stream through the filter. */
  request(create: (onEnd: () => void) => Stream): Stream {
    const id = this.#nextId++;
    const stream = create(() => this.#streams.delete(id));
    this.#streams.set(id, stream);
    this.call('proxy_on_context_create', stream, id, rootId);
    const action = this.call('proxy_on_request_headers', stream, id, stream.headers.size, 1);
    if (action === 0 && stream.state === 'stopped') {
      stream.wish('continue');
      stream.settle();
    }
    return stream;
  }

  /** Calls the filter for a stream, or the root; then does what it wished for. After a trap there is no result. */
  call(name: string, stream: Stream | undefined, ...args: number[]): number | undefined {
    const callback = this.#exports[name];
    if (callback === undefined || this.failed) return 0;
    this.#effective = stream;
    this.#running = true;
    let result: number | undefined;
    try {
      result = callback(...args);
    } catch (error) {
      this.#fail(error);
    }
    this.#running = false;
    for (const one of this.#streams.values()) one.settle();
    return result;
  }

  setTickPeriod(milliseconds: number): void {
    clearInterval(this.#tickTimer);
    if (milliseconds === 0) return;
    this.#tickTimer = setInterval(() => this.call('proxy_on_tick', undefined, rootId), milliseconds);
    this.#tickTimer.unref();
  }

  startCall(request: CallRequest): number | 'unknown-cluster' | 'no-healthy-host' {
    const id = this.#nextCall++;
    const call = this.around.startCall(request, (response) => {
      this.#calls.delete(id);
      this.response = response;
      const { headers, body } = response;
      this.call('proxy_on_http_call_response', undefined, rootId, id, headers?.size ?? 0, body.length, 0);
      this.response = undefined;
    });
    if (typeof call === 'string') return call;
    this.#calls.set(id, call);
    return id;
  }

  /** Nothing calls the filter by itself from here on. */
  stop(): void {
    this.setTickPeriod(0);
    for (const call of this.#calls.values()) call.cancel();
  }

  /** A trap is the end of the VM. Streams that wait are forgotten: Envoy too leaves them to their clients. */
  #fail(error: unknown): void {
    this.failed = true;
    this.stop();
    this.around.log(5, `the filter trapped: ${errorText(error)}`);
  }
}

/** As Envoy answers for a VM that has failed. */
export const failedReply = { status: 503, body: '', grpcStatus: -1, details: 'wasm_fail_stream' } as const;

import type { HeaderMap, LocalReply, PluginStream, StreamEnvironment } from './host.ts';
import { headerCount, type RootContext } from './root-context.ts';
import type { Vm } from './vm.ts';

/** As Envoy answers where a plugin's VM has failed and the policy is not to let requests pass. */
export const failedReply: LocalReply = { status: 503, body: new Uint8Array(), headers: [], grpcStatus: 14, details: 'wasm_fail_stream' };

/** The plugin's side of one stream, and what it may do to the stream at each time. */
export class StreamContext implements PluginStream {
  readonly vm: Vm;
  readonly id: number;
  readonly root: RootContext;
  readonly environment: StreamEnvironment;
  #phase: 'idle' | 'request-headers' | 'response-headers' | 'log' = 'idle';
  #replied = false;
  #reply: LocalReply | undefined;
  #continued = false;
  #inRequestHeaders = false;
  #ended = false;
  #deferred = false;

  constructor(root: RootContext, environment: StreamEnvironment) {
    this.vm = root.vm;
    this.root = root;
    this.environment = environment;
    this.id = root.vm.nextContextId();
    this.vm.contexts.add(this.id, this);
    const create = this.vm.callbacks.proxy_on_context_create;
    if (create) {
      this.vm.call(this, create, this.id, root.id);
      this.vm.settle();
    }
  }

  onRequestHeaders(endOfStream: boolean): 'continue' | 'stop' {
    const callback = this.vm.callbacks.proxy_on_request_headers;
    if (this.vm.failed) return this.#failStream();
    if (callback === undefined) return 'continue';
    this.#phase = 'request-headers';
    this.#inRequestHeaders = true;
    const count = headerCount(this.environment.headers('request-headers'));
    const action = this.vm.call(this, callback, this.id, count, endOfStream ? 1 : 0);
    this.#inRequestHeaders = false;
    if (this.vm.failed) this.#failStream();
    this.vm.settle();
    if (this.#replied) return 'stop';
    // Continued within the very call that stopped: it never stopped.
    if (action === 0 || this.#continued) {
      this.#continued = false;
      this.#phase = 'idle';
      return 'continue';
    }
    return 'stop';
  }

  onResponseHeaders(endOfStream: boolean): 'continue' | 'stop' {
    const callback = this.vm.callbacks.proxy_on_response_headers;
    // The reply that a failed VM gave passes here too.
    if (this.vm.failed) return this.#replied ? 'continue' : this.#failStream();
    if (callback === undefined) return 'continue';
    this.#phase = 'response-headers';
    const count = headerCount(this.environment.headers('response-headers'));
    const action = this.vm.call(this, callback, this.id, count, endOfStream ? 1 : 0);
    if (this.vm.failed) this.#failStream();
    this.vm.settle();
    if (action !== 0 || this.#reply !== undefined) return 'stop';
    this.#phase = 'idle';
    return 'continue';
  }

  onDone(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { proxy_on_log: onLog, proxy_on_done: onDone } = this.vm.callbacks;
    this.#phase = 'log';
    if (onLog && !this.vm.failed) this.vm.call(this, onLog, this.id);
    // 0 waits for proxy_done.
    const wait = onDone && !this.vm.failed && this.vm.call(this, onDone, this.id) === 0;
    this.#phase = 'idle';
    if (!wait || this.vm.failed) this.finish();
    this.vm.settle();
  }

  /** The last callback; the id is never used again. False where the stream is not over yet, or was finished before. */
  finish(): boolean {
    if (!this.#ended || !this.vm.contexts.has(this.id)) return false;
    const onDelete = this.vm.callbacks.proxy_on_delete;
    if (onDelete && !this.vm.failed) this.vm.call(this, onDelete, this.id);
    this.vm.contexts.delete(this.id);
    return true;
  }

  /** The map that a host function may read now. */
  readable(map: number): HeaderMap | undefined {
    if (map === 0 && (this.#phase === 'request-headers' || this.#phase === 'log')) return this.environment.headers('request-headers');
    if (map === 2 && (this.#phase === 'response-headers' || this.#phase === 'log')) return this.environment.headers('response-headers');
    return undefined;
  }

  /** The map that a host function may change now. After the request was sent on there is none. */
  writable(map: number): HeaderMap | undefined {
    return this.#phase === 'log' ? undefined : this.readable(map);
  }

  /** Up to ABI 0.2.1 a change of request headers makes the proxy match the route again. */
  onHeadersChanged(map: number): void {
    if (map === 0) this.environment.clearRouteCache();
  }

  /** Sends a stopped request on after this call. Request headers are out of reach at once. */
  continueRequest(): void {
    if (this.#ended || this.#replied || this.#phase !== 'request-headers') return;
    this.#phase = 'idle';
    this.#continued = true;
    if (!this.#inRequestHeaders) this.#defer();
  }

  /** Answers the request after this call. Only the first reply of a stream counts, as in Envoy. */
  sendLocalReply(reply: LocalReply): void {
    if (this.#ended || this.#replied) return;
    this.#replied = true;
    this.#reply = reply;
    this.#defer();
  }

  /** Carries out what was asked for during the last call. */
  settle(): void {
    this.#deferred = false;
    if (this.#ended) return;
    const reply = this.#reply;
    if (reply !== undefined) {
      this.#reply = undefined;
      this.environment.sendLocalReply(reply);
    } else if (this.#continued) {
      this.#continued = false;
      this.environment.continueRequest();
    }
  }

  /** A stream that waits for a plugin that is gone would wait for ever. */
  onVmFailure(): void {
    if (this.#phase === 'request-headers' || this.#phase === 'response-headers') this.sendLocalReply(failedReply);
  }

  #failStream(): 'stop' {
    this.sendLocalReply(failedReply);
    this.vm.settle();
    return 'stop';
  }

  #defer(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.vm.defer(this);
  }
}

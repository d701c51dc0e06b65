/**
 * What a proxy needs to give a proxy-wasm plugin, and what it gets back. The host knows nothing of the data plane: the data plane implements
 * `PluginEnvironment`, `StreamEnvironment` and `HeaderMap`, the host implements `Plugin` and `PluginStream`.
 */

/** A header or trailer map. Names are lower case; pseudo headers (":path") included. */
export interface HeaderMap {
  /** The first value, or undefined. */
  get(name: string): string | undefined;
  /** Replaces all values by one. */
  set(name: string, value: string): void;
  /** Adds a value behind those there are. */
  add(name: string, value: string): void;
  /** Removes all values. */
  remove(name: string): void;
  /** Number of pairs, where the map knows it; counted through `entries` otherwise. */
  readonly size?: number | undefined;
  /** Every pair in order. */
  entries(): Iterable<readonly [name: string, value: string]>;
}

/** Which header map a stream callback works on. */
export type StreamMap = 'request-headers' | 'request-trailers' | 'response-headers' | 'response-trailers';

/** A property as the proxy knows it: strings raw, numbers as f64, booleans, maps of them. undefined is NotFound. */
export type PropertyValue = string | number | boolean | { readonly [key: string]: PropertyValue } | undefined;

/** The answer to an HTTP call of a plugin. Failures are answers too, as in Envoy: 504 for a timeout, 503 for a connect failure, no headers for a reset. */
export interface HttpCallResponse {
  readonly headers: HeaderMap | undefined;
  readonly body: Uint8Array;
  readonly trailers: HeaderMap | undefined;
}

/** An HTTP call that a plugin asks for. */
export interface HttpCallRequest {
  /** The exact name of a cluster in the bootstrap. */
  readonly cluster: string;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
}

/** What the proxy gives each plugin. */
export interface PluginEnvironment {
  /**
   * Starts an HTTP call; `done` is called exactly once, later, never synchronously.
   * Returns how to cancel it, or why it cannot start: an unknown cluster is the plugin's mistake, no healthy host is not.
   */
  httpCall(
    request: HttpCallRequest,
    done: (response: HttpCallResponse) => void,
  ): { cancel(): void } | 'unknown-cluster' | 'no-healthy-host';
  /** The plugin's log lines. */
  log(level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'critical', message: string): void;
  /** Milliseconds since the epoch, with fractions. */
  now(): number;
}

/** What the proxy gives the host for each stream. */
export interface StreamEnvironment {
  /** The live map, or undefined where there is none now (request headers after the request was sent on). */
  headers(map: StreamMap): HeaderMap | undefined;
  /** A property that the host does not know itself, by path segments. */
  property(path: readonly string[]): PropertyValue;
  /** Forget the route: it is matched again from the headers as they are now. */
  clearRouteCache(): void;
  /** Resumes a request that `onRequestHeaders` stopped. Called after the VM call that asked for it has returned. */
  continueRequest(): void;
  /** Answers the request without an upstream. Called after the VM call that asked for it has returned, at most once for a stream. */
  sendLocalReply(reply: LocalReply): void;
}

/** A response that a plugin gives by itself. */
export interface LocalReply {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: readonly (readonly [string, string])[];
  /** For gRPC requests; -1 derives it from the HTTP status. */
  readonly grpcStatus: number;
  /** For the access log, as Envoy's RESPONSE_CODE_DETAILS. */
  readonly details: string;
}

/** How a plugin is configured, after envoy.extensions.wasm.v3.PluginConfig. */
export interface PluginConfig {
  readonly name: string;
  readonly rootId: string;
  /** Plugins with the same vmId, vmConfiguration and code share one VM, as in Envoy. */
  readonly vmId: string;
  readonly code: Uint8Array;
  readonly vmConfiguration: Uint8Array;
  readonly configuration: Uint8Array;
  /** fail-closed: 503 from the first trap on. fail-reload: the VM is made anew, with back-off. */
  readonly failurePolicy: 'fail-closed' | 'fail-reload';
}

/** A running plugin. */
export interface Plugin {
  /** Makes the context of a new stream; never throws: a failed VM answers 503 by its failure policy, details "wasm_fail_stream". */
  createStream(environment: StreamEnvironment): PluginStream;
  /** Metrics that the plugin defined. */
  metrics(): readonly Metric[];
  /** Size of the VM's memory in bytes; it never shrinks. */
  memoryBytes(): number;
  /** Stops timers and calls. */
  close(): void;
}

/** A metric of a plugin. */
export interface Metric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly value: bigint;
}

/** The plugin's side of one stream. 'stop' waits for `continueRequest` or `sendLocalReply`. */
export interface PluginStream {
  onRequestHeaders(endOfStream: boolean): 'continue' | 'stop';
  onResponseHeaders(endOfStream: boolean): 'continue' | 'stop';
  /** The stream is over, however it ended: log, done, delete. */
  onDone(): void;
}

import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { Headers } from './header-map.ts';
import type { ResetReason, UpstreamCallbacks, UpstreamStream } from './upstream.ts';

/** How connections to one host are made and kept; durations in milliseconds. */
export interface Http1PoolOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: ConnectionOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Counts the requests that wait for a connection. */
  readonly pending: { value: number };
  readonly maxConnections: number;
}

/** HTTP/1.1 connections to one host, kept alive. */
export class Http1Pool {
  readonly #options: Http1PoolOptions;
  readonly #agent: HttpAgent;

  constructor(options: Http1PoolOptions) {
    this.#options = options;
    const agentOptions = { keepAlive: true, maxSockets: options.maxConnections, timeout: options.idleTimeoutMs };
    this.#agent = options.tls === undefined ? new HttpAgent(agentOptions) : new HttpsAgent({ ...agentOptions, ...options.tls });
  }

  /** Whether a request would find a connection at once. */
  get isReady(): boolean {
    return Object.values(this.#agent.freeSockets).some((sockets) => (sockets?.length ?? 0) > 0);
  }

  request(headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks): UpstreamStream {
    return new Http1UpstreamStream(this.#options, this.#agent, headers, endStream, callbacks);
  }

  close(): void {
    this.#agent.destroy();
  }
}

class Http1UpstreamStream implements UpstreamStream {
  readonly address: string;
  readonly #request: ClientRequest;
  #response: IncomingMessage | undefined;
  #callbacks: UpstreamCallbacks | undefined;
  #connected = false;
  #timedOut = false;

  constructor(options: Http1PoolOptions, agent: HttpAgent, headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks) {
    this.address = `${options.host}:${options.port}`;
    this.#callbacks = callbacks;
    const flat: string[] = ['host', headers.get(':authority') ?? this.address];
    for (const [name, value] of headers.entries()) if (!name.startsWith(':') && name !== 'host' && name !== 'te') flat.push(name, value);
    const init: RequestOptions = {
      agent,
      host: options.host,
      port: options.port,
      method: headers.get(':method') ?? 'GET',
      path: headers.get(':path') ?? '/',
      headers: flat,
      setHost: false,
    };
    const request = options.tls === undefined ? httpRequest(init) : httpsRequest(init);
    this.#request = request;
    const timer = setTimeout(() => {
      this.#timedOut = true;
      request.destroy();
    }, options.connectTimeoutMs);
    const { pending } = options;
    pending.value++;
    let waits = true;
    const settled = () => {
      if (waits) pending.value--;
      waits = false;
    };
    request.on('socket', (socket) => {
      const ready = () => {
        settled();
        this.#connected = true;
        clearTimeout(timer);
      };
      if (socket.connecting) socket.once(options.tls === undefined ? 'connect' : 'secureConnect', ready);
      else ready();
    });
    request.on('response', (response) => this.#onResponse(response));
    request.on('drain', () => this.#callbacks?.onUpstreamWritable());
    request.on('error', () => {});
    request.on('close', () => {
      settled();
      clearTimeout(timer);
      this.#finish()?.onUpstreamReset(this.#reason());
    });
    if (endStream) request.end();
  }

  #onResponse(response: IncomingMessage): void {
    this.#response = response;
    const list: string[] = [':status', String(response.statusCode)];
    const raw = response.rawHeaders;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!.toLowerCase();
      if (name !== 'connection' && name !== 'keep-alive' && name !== 'transfer-encoding') list.push(name, raw[i + 1]!);
    }
    this.#callbacks?.onUpstreamHeaders(new Headers(list), false);
    response.on('data', (chunk: Buffer) => this.#callbacks?.onUpstreamData(chunk));
    response.on('end', () => this.#finish()?.onUpstreamEnd(undefined));
  }

  #finish(): UpstreamCallbacks | undefined {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    return callbacks;
  }

  #reason(): ResetReason {
    if (this.#connected) return 'reset';
    return this.#timedOut ? 'connection-timeout' : 'connect-failure';
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (!endStream) return this.#request.write(chunk);
    this.#request.end(chunk);
    return true;
  }

  sendTrailers(): void {
    this.#request.end();
  }

  pause(): void {
    this.#response?.pause();
  }
  resume(): void {
    this.#response?.resume();
  }

  cancel(): void {
    this.#callbacks = undefined;
    this.#request.destroy();
  }
}

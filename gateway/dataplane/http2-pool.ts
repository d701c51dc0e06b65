import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { ConnectionOptions } from 'node:tls';
import type { Http2Options } from './config/listener-config.ts';
import { Headers } from './header-map.ts';
import { sendTrailers } from './http2-trailers.ts';
import { isGrpcContentType } from './matchers.ts';
import type { ResetReason, UpstreamCallbacks, UpstreamStream } from './upstream.ts';

/** How connections to one host are made and kept; durations in milliseconds. */
export interface Http2PoolOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: ConnectionOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Counts the requests that wait for a connection. */
  readonly pending: { value: number };
  readonly maxConnectionDurationMs: number | undefined;
  readonly http2: Http2Options;
}

interface Connection {
  readonly session: ClientHttp2Session;
  streams: number;
  connected: boolean;
  timedOut: boolean;
  /** Of its streams, those that were opened before it was. */
  waiting: number;
}

/** HTTP/2 connections to one host: one, and further ones only while all are at their peer's stream limit. */
export class Http2Pool {
  readonly #options: Http2PoolOptions;
  readonly #address: string;
  #connections: Connection[] = [];

  constructor(options: Http2PoolOptions) {
    this.#options = options;
    this.#address = `${options.host}:${options.port}`;
  }

  /** Whether a request would find a connection at once. */
  get isReady(): boolean {
    return this.#connections.some((one) => one.connected && this.#hasCapacity(one));
  }

  request(headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks): UpstreamStream {
    const connection = this.#connections.find((one) => this.#hasCapacity(one)) ?? this.#open();
    if (!connection.connected) {
      connection.waiting++;
      this.#options.pending.value++;
    }
    return new Http2UpstreamStream(connection, this.#address, headers, endStream, callbacks);
  }

  #hasCapacity({ session, streams }: Connection): boolean {
    const limit = Math.min(session.remoteSettings?.maxConcurrentStreams ?? 100, this.#options.http2.max_concurrent_streams);
    return !session.closed && !session.destroyed && streams < limit;
  }

  #open(): Connection {
    const { host, port, tls, http2 } = this.#options;
    const authority = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    const options = {
      // Whether a header may come twice is the service's question.
      strictSingleValueFields: false,
      settings: { initialWindowSize: http2.initial_stream_window_size, enablePush: false },
      ...tls,
    };
    const session = connect(authority, options);
    const connection: Connection = { session, streams: 0, connected: false, timedOut: false, waiting: 0 };
    const settled = () => {
      this.#options.pending.value -= connection.waiting;
      connection.waiting = 0;
    };
    this.#connections.push(connection);
    const connectTimer = setTimeout(() => {
      connection.timedOut = true;
      session.destroy();
    }, this.#options.connectTimeoutMs);
    const timers: NodeJS.Timeout[] = [];
    session.once('connect', () => {
      connection.connected = true;
      settled();
      clearTimeout(connectTimer);
      session.setLocalWindowSize(http2.initial_connection_window_size);
      session.setTimeout(this.#options.idleTimeoutMs, () => {
        if (connection.streams === 0) this.#retire(connection);
      });
      const { interval, timeout } = http2.connection_keepalive ?? { interval: undefined, timeout: 0 };
      if (interval !== undefined) timers.push(keepAlive(session, interval, timeout));
      const lifetime = this.#options.maxConnectionDurationMs;
      if (lifetime !== undefined) timers.push(setTimeout(() => this.#retire(connection), Math.min(lifetime, 2 ** 31 - 1)).unref());
    });
    // Its streams learn of it by their own 'close'.
    session.on('error', () => {});
    session.on('goaway', () => this.#retire(connection));
    session.once('close', () => {
      settled();
      clearTimeout(connectTimer);
      for (const timer of timers) clearTimeout(timer);
      this.#connections = this.#connections.filter((one) => one !== connection);
    });
    return connection;
  }

  #retire(connection: Connection): void {
    this.#connections = this.#connections.filter((one) => one !== connection);
    if (!connection.session.destroyed) connection.session.close();
  }

  close(): void {
    for (const { session } of this.#connections) session.destroy();
    this.#connections = [];
  }
}

function keepAlive(session: ClientHttp2Session, intervalMs: number, timeoutMs: number): NodeJS.Timeout {
  return setInterval(() => {
    if (session.destroyed) return;
    const late = setTimeout(() => session.destroy(), timeoutMs);
    session.ping(() => clearTimeout(late));
  }, intervalMs).unref();
}

class Http2UpstreamStream implements UpstreamStream {
  readonly address: string;
  readonly #stream: ClientHttp2Stream;
  readonly #connection: Connection;
  #callbacks: UpstreamCallbacks | undefined;
  #trailers: Headers | undefined;
  #requestTrailers: Headers = new Headers();

  constructor(connection: Connection, address: string, headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks) {
    this.address = address;
    this.#connection = connection;
    this.#callbacks = callbacks;
    connection.streams++;
    const waitForTrailers = !endStream && mayHaveTrailers(headers);
    const stream = connection.session.request(headers.list, { endStream, waitForTrailers });
    this.#stream = stream;
    if (waitForTrailers) stream.on('wantTrailers', () => sendTrailers(stream, this.#requestTrailers));
    stream.on('response', (_headers, flags, raw) => {
      const response = new Headers(raw as unknown as string[]);
      const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (ended) {
        const to = this.#callbacks;
        this.#callbacks = undefined;
        stream.resume();
        to?.onUpstreamHeaders(response, true);
        return;
      }
      this.#callbacks?.onUpstreamHeaders(response, false);
      stream.on('data', this.#onData);
    });
    stream.on('trailers', (_headers, _flags, raw) => {
      this.#trailers = new Headers(raw as unknown as string[]);
    });
    stream.on('end', () => {
      const to = this.#callbacks;
      // An 'end' without a response is a reset; 'close' follows.
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.aborted) return;
      this.#callbacks = undefined;
      to?.onUpstreamEnd(this.#trailers);
    });
    stream.on('drain', () => this.#callbacks?.onUpstreamWritable());
    stream.on('error', () => {});
    stream.on('close', () => {
      connection.streams--;
      const to = this.#callbacks;
      this.#callbacks = undefined;
      to?.onUpstreamReset(this.#reason());
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#callbacks?.onUpstreamData(chunk);
  };

  #reason(): ResetReason {
    if (!this.#connection.connected) return this.#connection.timedOut ? 'connection-timeout' : 'connect-failure';
    return this.#stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? 'refused-stream' : 'reset';
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (this.#stream.destroyed || this.#stream.writableEnded) return true;
    if (!endStream) return this.#stream.write(chunk);
    this.#stream.end(chunk);
    return true;
  }

  sendTrailers(trailers: Headers): void {
    this.#requestTrailers = trailers;
    if (!this.#stream.destroyed) this.#stream.end();
  }

  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }

  cancel(): void {
    this.#callbacks = undefined;
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }
}

/** gRPC has no request trailers, and waiting for them would cost every call an event. */
function mayHaveTrailers(headers: Headers): boolean {
  return !isGrpcContentType(headers.get('content-type')) || headers.get('trailer') !== undefined;
}

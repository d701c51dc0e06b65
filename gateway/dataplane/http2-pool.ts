import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Http2Options } from './config/listener-config.ts';
import type { Headers } from './header-map.ts';
import { ClientConnection } from './http2/client-connection.ts';
import type { UpstreamCallbacks, UpstreamStream } from './upstream.ts';

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
  readonly http2: ClientConnection;
  readonly socket: Socket;
  connected: boolean;
  /** Of its streams, those that were opened before it was. */
  waiting: number;
}

/** HTTP/2 connections to one host: one, and further ones only while all are at their peer's stream limit. */
export class Http2Pool {
  readonly #options: Http2PoolOptions;
  readonly #address: string;
  /** Those that take requests. */
  #connections: Connection[] = [];
  readonly #sockets = new Set<Socket>();

  constructor(options: Http2PoolOptions) {
    this.#options = options;
    this.#address = `${options.host}:${options.port}`;
  }

  /** Whether a request would find a connection at once. */
  get isReady(): boolean {
    return this.#connections.some((one) => one.connected && this.#hasCapacity(one));
  }

  request(headers: Headers, endStream: boolean, callbacks: UpstreamCallbacks): UpstreamStream {
    // Calls of filters may leave it out.
    if (headers.get(':scheme') === undefined) headers.set(':scheme', this.#options.tls === undefined ? 'http' : 'https');
    const connection = this.#connections.find((one) => this.#hasCapacity(one)) ?? this.#open();
    const stream = connection.http2.request(headers, endStream, callbacks);
    if (!connection.connected) {
      connection.waiting++;
      this.#options.pending.value++;
    }
    return stream;
  }

  #hasCapacity({ http2 }: Connection): boolean {
    return http2.hasCapacity(this.#options.http2.max_concurrent_streams);
  }

  #open(): Connection {
    const { host, port, tls, http2: limits } = this.#options;
    const socket = tls === undefined ? connect({ host, port, noDelay: true }) : connectTls({ host, port, ...tls });
    const http2 = new ClientConnection(socket, {
      address: this.#address,
      streamWindow: limits.initial_stream_window_size,
      connectionWindow: limits.initial_connection_window_size,
      onRetired: () => {
        this.#connections = this.#connections.filter((one) => one !== connection);
      },
    });
    const connection: Connection = { http2, socket, connected: false, waiting: 0 };
    this.#connections.push(connection);
    this.#sockets.add(socket);
    let timedOut = false;
    const connectTimer = setTimeout(() => {
      timedOut = true;
      socket.destroy();
    }, this.#options.connectTimeoutMs);
    const timers: NodeJS.Timeout[] = [];
    const settled = () => {
      clearTimeout(connectTimer);
      this.#options.pending.value -= connection.waiting;
      connection.waiting = 0;
    };
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      connection.connected = true;
      settled();
      if (tls !== undefined) socket.setNoDelay();
      http2.open();
      timers.push(...this.#watch(connection));
    });
    // Its streams learn of it by 'close'.
    socket.on('error', () => {});
    socket.once('close', () => {
      settled();
      for (const timer of timers) clearTimeout(timer);
      this.#sockets.delete(socket);
      http2.close(connection.connected ? 'reset' : timedOut ? 'connection-timeout' : 'connect-failure');
    });
    return connection;
  }

  /** The time limits of a connection that is open. */
  #watch({ http2, socket }: Connection): NodeJS.Timeout[] {
    const timers: NodeJS.Timeout[] = [];
    socket.setTimeout(this.#options.idleTimeoutMs, () => {
      if (http2.streams === 0) http2.retire();
    });
    const { interval, timeout } = this.#options.http2.connection_keepalive ?? { interval: undefined, timeout: 0 };
    if (interval !== undefined) timers.push(keepAlive(http2, socket, interval, timeout));
    const lifetime = this.#options.maxConnectionDurationMs;
    if (lifetime !== undefined) timers.push(setTimeout(() => http2.retire(), Math.min(lifetime, 2 ** 31 - 1)).unref());
    return timers;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function keepAlive(http2: ClientConnection, socket: Socket, intervalMs: number, timeoutMs: number): NodeJS.Timeout {
  let late: NodeJS.Timeout | undefined;
  return setInterval(() => {
    // One at a time: the answer to an older ping must not pass for that to a newer one.
    if (late !== undefined) return;
    late = setTimeout(() => socket.destroy(), timeoutMs).unref();
    http2.ping(() => {
      clearTimeout(late);
      late = undefined;
    });
  }, intervalMs).unref();
}

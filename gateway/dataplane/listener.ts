import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { ListenerConfig } from './config/listener-config.ts';
import type { ConnectionManager } from './connection-manager.ts';
import { Headers } from './header-map.ts';
import { Http1Downstream, http1EndsAtHeaders, http1RequestHeaders } from './http1-downstream.ts';
import { Http2Downstream } from './http2-downstream.ts';

const endStreamFlag = 0x1;

/** A bound listener. */
export interface Listener {
  readonly name: string;
  readonly port: number;
  /** Stops accepting, ends idle connections and lets the others finish their streams. */
  drain(): void;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

/** Binds a listener that speaks HTTP/1.1 and HTTP/2 with prior knowledge on one port. `port` replaces the configured one. */
export async function startListener(config: ListenerConfig, manager: ConnectionManager, port = config.address.port): Promise<Listener> {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const options = manager.config;
  const http1 = createHttp1Server({
    keepAliveTimeout: options.common_http_protocol_options.idle_timeout,
    headersTimeout: options.request_headers_timeout || 60_000,
    // Envoy's request_timeout is kept by the stream, which answers 408 through the filters.
    requestTimeout: 0,
    maxHeaderSize: options.max_request_headers_kb * 1024,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
    // One without a body is never read, and nothing of it is dumped after the answer.
    optimizeEmptyRequests: true,
  });
  // It never listens by itself: this starts its watch over slow headers and idle connections.
  http1.emit('listening');
  http1.on('checkContinue', (request, response) => http1.emit('request', request, response));
  http1.on('request', (request, response) => {
    const headers = http1RequestHeaders(request);
    if (headers === undefined) {
      response.writeHead(400, { connection: 'close' }).end();
      return;
    }
    if (manager.draining) response.setHeader('connection', 'close');
    manager.handle(new Http1Downstream(request, response, options.delayed_close_timeout), headers, http1EndsAtHeaders(request.headers));
  });
  http1.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? '408 Request Timeout'
          : '400 Bad Request';
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    else socket.destroy();
  });
  // An upgrade is not supported: the request is served as a plain one.
  http1.on('connect', (_request, socket) => socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'));

  const http2 = createHttp2Server({
    strictSingleValueFields: false,
    settings: {
      maxConcurrentStreams: options.http2_protocol_options.max_concurrent_streams,
      initialWindowSize: options.http2_protocol_options.initial_stream_window_size,
      enablePush: false,
      maxHeaderListSize: options.max_request_headers_kb * 1024,
    },
    // Of streams that were reset before they were answered: rapid reset (CVE-2023-44487).
    streamResetBurst: 1_000,
    streamResetRate: 33,
    maxSessionInvalidFrames: 100,
  });
  http2.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
    session.setLocalWindowSize(options.http2_protocol_options.initial_connection_window_size);
    endWhenIdle(session, options.common_http_protocol_options.idle_timeout);
    if (manager.draining) session.close();
  });
  http2.on('stream', (stream, _headers, flags, raw) => {
    const headers = new Headers(raw as unknown as string[]);
    if (headers.get(':authority') === undefined) headers.set(':authority', headers.get('host') ?? '');
    headers.remove('host');
    manager.handle(new Http2Downstream(stream as ServerHttp2Stream), headers, (flags & endStreamFlag) !== 0);
  });
  http2.on('sessionError', () => {});

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const deadline = setTimeout(() => socket.destroy(), options.request_headers_timeout || 60_000);
    sniff(socket, (isHttp2) => {
      clearTimeout(deadline);
      (isHttp2 ? http2 : http1).emit('connection', socket);
    });
    socket.once('close', () => clearTimeout(deadline));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, config.address.host, resolve);
  });
  const drain = () => {
    manager.draining = true;
    server.close();
    http1.closeIdleConnections();
    for (const session of sessions) session.close();
  };
  return {
    name: config.name,
    port: (server.address() as AddressInfo).port,
    drain,
    close: async () => {
      const closed = new Promise((resolve) => server.once('close', resolve));
      const wasListening = server.listening;
      drain();
      http1.close();
      for (const socket of sockets) socket.destroy();
      if (wasListening) await closed;
    },
  };
}

/** Envoy's idle_timeout: a connection without streams for that long is told to go. */
function endWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  if (idleMs <= 0) return;
  let streams = 0;
  const arm = () => setTimeout(() => session.close(), idleMs).unref();
  let timer = arm();
  session.on('stream', (stream) => {
    streams++;
    clearTimeout(timer);
    stream.once('close', () => {
      if (--streams === 0 && !session.destroyed) timer = arm();
    });
  });
  session.once('close', () => clearTimeout(timer));
}

/** Looks at the first bytes of a connection: "PRI" begins HTTP/2's preface and no HTTP/1.1 request. */
function sniff(socket: Socket, decided: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const look = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(3, seen.length);
    const isPrefix = seen.subarray(0, length).toString('latin1') === 'PRI'.slice(0, length);
    if (isPrefix && length < 3) return;
    socket.off('data', look);
    socket.pause();
    socket.unshift(seen);
    decided(isPrefix);
    if (!isPrefix) socket.resume();
  };
  socket.on('data', look);
}

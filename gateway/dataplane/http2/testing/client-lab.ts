import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Headers } from '../../header-map.ts';
import type { ResetReason, UpstreamCallbacks, UpstreamStream } from '../../upstream.ts';
import { ClientConnection } from '../client-connection.ts';

/** What a request met, once it is over. */
export interface Outcome {
  readonly headers: readonly string[] | undefined;
  readonly body: Buffer;
  readonly trailers: readonly string[] | undefined;
  readonly reset: ResetReason | undefined;
  /** Calls that came after the last one: there must be none. */
  late: number;
}

/** Remembers what a stream hears. */
export class Recorder implements UpstreamCallbacks {
  readonly done: Promise<Outcome>;
  onData: ((chunk: Buffer) => void) | undefined;
  onWritable: (() => void) | undefined;
  #resolve!: (outcome: Outcome) => void;
  #headers: readonly string[] | undefined;
  #outcome: Outcome | undefined;
  readonly #chunks: Buffer[] = [];

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onUpstreamHeaders({ list }: Headers, endStream: boolean): void {
    this.#hear();
    this.#headers = list;
    if (endStream) this.#end(undefined, undefined);
  }
  onUpstreamData(chunk: Buffer): void {
    this.#hear();
    this.#chunks.push(chunk);
    this.onData?.(chunk);
  }
  onUpstreamEnd(trailers: Headers | undefined): void {
    this.#end(trailers?.list, undefined);
  }
  onUpstreamReset(reason: ResetReason): void {
    this.#end(undefined, reason);
  }
  onUpstreamWritable(): void {
    this.#hear();
    this.onWritable?.();
  }

  #hear(): void {
    if (this.#outcome !== undefined) this.#outcome.late++;
  }

  #end(trailers: readonly string[] | undefined, reset: ResetReason | undefined): void {
    this.#hear();
    this.#outcome ??= { headers: this.#headers, body: Buffer.concat(this.#chunks), trailers, reset, late: 0 };
    this.#resolve(this.#outcome);
  }
}

/** A connection to a port on this machine. */
export interface Client {
  readonly http2: ClientConnection;
  readonly socket: Socket;
  /** Resolves once the socket is gone. */
  readonly closed: Promise<void>;
  send(headers?: readonly string[], endStream?: boolean): { recorder: Recorder; stream: UpstreamStream };
}

/** Connects as a pool does; `window` is that of each stream and of the connection. */
export function connectClient(port: number, window = 65_535): Client {
  const socket = connect(port, '127.0.0.1');
  const http2 = new ClientConnection(socket, {
    address: `127.0.0.1:${port}`,
    streamWindow: window,
    connectionWindow: window,
    onRetired: () => {},
  });
  socket.once('connect', () => http2.open());
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      http2.close('reset');
      resolve();
    }),
  );
  return {
    http2,
    socket,
    closed,
    send: (headers = [], endStream = true) => {
      const recorder = new Recorder();
      const list = [':method', 'POST', ':scheme', 'http', ':authority', 'upstream', ':path', '/', ...headers];
      return { recorder, stream: http2.request(new Headers(list), endStream, recorder) };
    },
  };
}

/** A server that writes what it is told once it has read something, ends if asked, and keeps what it reads. */
export interface RawServer {
  readonly port: number;
  script(bytes: Buffer, thenEnd: boolean): void;
  /** Of the last connection. */
  received(): Buffer;
  /** Resolves once the client has ended the last connection. */
  ended(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on a free port. */
export async function startRawServer(): Promise<RawServer> {
  let answer: Buffer = Buffer.alloc(0);
  let end = false;
  let chunks: Buffer[] = [];
  let ended = Promise.withResolvers<void>();
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    chunks = [];
    ended = Promise.withResolvers();
    const { resolve } = ended;
    socket.on('close', () => resolve());
    const own = chunks;
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.once('data', () => (end ? socket.end(answer) : socket.write(answer)));
    socket.on('data', (chunk: Buffer) => own.push(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    script: (bytes, thenEnd) => {
      answer = bytes;
      end = thenEnd;
    },
    ended: () => ended.promise,
    received: () => Buffer.concat(chunks),
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

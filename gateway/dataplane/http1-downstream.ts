import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BodySink, DownstreamListener, DownstreamStream } from './downstream.ts';
import { Headers } from './header-map.ts';

// RFC 9110 7.6.1: they concern one connection only.
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings', 'expect']);

// Bytes; above, copying the body costs more than a second piece.
const joinedBody = 16 * 1024;

/** The request's headers with HTTP/2's pseudo headers, or undefined where it is malformed (answer 400). */
export function http1RequestHeaders(request: IncomingMessage): Headers | undefined {
  const raw = request.rawHeaders;
  let path = request.url ?? '/';
  let authority: string | undefined;
  const list: string[] = [':method', request.method ?? 'GET', ':scheme', 'http', ':authority', '', ':path', ''];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = raw[i + 1]!;
    if (name === 'host') {
      if (authority !== undefined) return undefined;
      authority = value;
    } else if (name === 'te') {
      if (value.toLowerCase().includes('trailers')) list.push('te', 'trailers');
    } else if (!hopByHop.has(name)) list.push(name, value);
  }
  if (path.charCodeAt(0) !== 47 && path !== '*') {
    const url = URL.parse(path);
    if (url === null || url.host === '') return undefined;
    // RFC 9112 3.2.2: the absolute form's authority wins over Host.
    authority = url.host;
    path = path.slice(path.indexOf('/', path.indexOf('://') + 3));
    if (!path.startsWith('/')) path = '/';
  }
  list[5] = authority ?? '';
  list[7] = path;
  return new Headers(list);
}

/** Whether the request has no body. */
export function http1EndsAtHeaders(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] === undefined && (headers['content-length'] === undefined || headers['content-length'] === '0');
}

const owner = Symbol('downstream');

/** node:http's request and response with what they are to the data plane: listeners that find it by `this` need no closures, which cost more. */
interface OwnedRequest extends IncomingMessage {
  [owner]?: Http1Downstream;
}
interface OwnedResponse extends ServerResponse {
  [owner]?: Http1Downstream;
}

/** HTTP/1.1 on node:http. */
export class Http1Downstream implements DownstreamStream {
  readonly protocol = 'HTTP/1.1';
  readonly #request: OwnedRequest;
  readonly #response: OwnedResponse;
  readonly #socket: Socket;
  readonly #lingerMs: number;
  #sink: BodySink | undefined;
  #hasBeenFull = false;
  listener: DownstreamListener | undefined;

  /** `lingerMs`: how long a body may go on after its answer before the connection is cut; it is read and thrown away meanwhile. */
  constructor(request: OwnedRequest, response: OwnedResponse, lingerMs: number) {
    this.#request = request;
    this.#response = response;
    this.#socket = request.socket;
    this.#lingerMs = lingerMs;
    request[owner] = this;
    response[owner] = this;
    response.on('close', onClose);
  }

  closed(): void {
    const request = this.#request;
    this.listener?.onDownstreamClose(this.#response.writableFinished);
    if (!request.complete) setTimeout(() => request.complete || request.destroy(), this.#lingerMs).unref();
  }

  writable(): void {
    this.listener?.onDownstreamWritable();
  }

  received(chunk: Buffer): void {
    this.#sink?.onData(chunk);
  }

  receivedEnd(): void {
    this.#sink?.onEnd(undefined);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }
  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
  }
  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }
  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  readBody(sink: BodySink): void {
    this.#sink = sink;
    if (/100-continue/i.test(this.#request.headers.expect ?? '')) this.#response.writeContinue();
    this.#request.on('data', onData);
    this.#request.on('end', onEnd);
    this.#request.on('error', onError);
  }

  pause(): void {
    this.#request.pause();
  }
  resume(): void {
    this.#request.resume();
  }

  sendHeaders(headers: Headers, endStream: boolean, _trailers: boolean): void {
    const out: string[] = [];
    let status = 200;
    let framed = false;
    for (let i = 0; i < headers.list.length; i += 2) {
      const name = headers.list[i]!;
      const value = headers.list[i + 1]!;
      if (name === ':status') status = Number(value);
      else if (name !== 'transfer-encoding' && name !== 'connection') {
        framed ||= name === 'content-length';
        out.push(name, value);
      }
    }
    if (endStream && !framed && status >= 200 && status !== 204 && status !== 304) out.push('content-length', '0');
    this.#response.writeHead(status, out);
    if (endStream) this.#response.end();
    else if (!framed) this.#response.flushHeaders();
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (!endStream) {
      if (this.#response.write(chunk)) return true;
      if (!this.#hasBeenFull) this.#response.on('drain', onDrain);
      this.#hasBeenFull = true;
      return false;
    }
    // node:http joins headers and a string into one write, headers and a buffer into two pieces of one.
    if (chunk.length <= joinedBody) this.#response.end(chunk.toString('latin1'), 'latin1');
    else this.#response.end(chunk);
    return true;
  }

  sendTrailers(_trailers: Headers): void {
    this.#response.end();
  }

  reset(): void {
    this.#socket.destroy();
  }
}

function onClose(this: OwnedResponse): void {
  this[owner]?.closed();
}

function onDrain(this: OwnedResponse): void {
  this[owner]?.writable();
}

function onData(this: OwnedRequest, chunk: Buffer): void {
  this[owner]?.received(chunk);
}

function onEnd(this: OwnedRequest): void {
  this[owner]?.receivedEnd();
}

// The response's 'close' tells the stream.
function onError(): void {}

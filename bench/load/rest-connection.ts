import { connect } from 'node:net';
import type { Finished } from './grpc-connection.ts';
import type { RestRequest } from './load.ts';

/** An HTTP/1.1 connection that sends the next request, if there is one, when the one before is answered with 200. Returns how to end it. */
export function openRestConnection(port: number, nextRequest: () => Buffer | undefined, finished: Finished): () => Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let startedAt = 0;
  let closing = false;
  let received = '';
  send();

  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    received += chunk;
    if (!isWhole(received)) return;
    const fault = received.startsWith('HTTP/1.1 200') ? undefined : received;
    received = '';
    if (closing) return;
    finished(performance.now() - startedAt, fault);
    send();
  });
  socket.on('error', (error) => !closing && finished(0, error.message));
  socket.on('close', () => !closing && finished(0, 'the server closed the connection'));

  function send(): void {
    const request = nextRequest();
    if (request === undefined) return;
    startedAt = performance.now();
    socket.write(request);
  }

  return async () => {
    closing = true;
    socket.destroy();
  };
}

/** A request as it is sent. */
export function encodeRequest(port: number, { method, path, headers, body = '' }: RestRequest): Buffer {
  const all = {
    host: `127.0.0.1:${port}`,
    'user-agent': 'rest-bench/1.0',
    accept: 'application/json',
    ...headers,
    ...(body !== '' && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

/** Whether a response is complete; there is one at a time. */
function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const head = text.slice(0, headEnd).toLowerCase();
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  if (length !== undefined) return text.length >= headEnd + 4 + Number(length);
  if (/\r\ntransfer-encoding: *chunked/.test(head)) return text.endsWith('\r\n0\r\n\r\n');
  throw new Error(`a response without a length:\n${head}`);
}

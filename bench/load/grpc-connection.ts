import { connect } from 'node:net';
import type { GrpcCall, GrpcLoad } from './load.ts';

/** Told of each answer; `fault` where it was not a message with grpc-status 0 behind it. */
export type Finished = (latencyMs: number, fault: string | undefined) => void;

const frame = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7 } as const;
const endStream = 0x1;
const endHeaders = 0x4;
const ack = 0x1;
const frameHeaderBytes = 9;

/** A call as it is sent, but for its stream id. */
interface EncodedCall {
  readonly bytes: Buffer;
  /** Where DATA begins. */
  readonly dataAt: number;
}

interface OpenCall {
  readonly startedAt: number;
  /** Of DATA: a call that failed has none. */
  bytes: number;
}

/**
 * A connection that keeps `streams` unary calls open, as long as there is a next one. It writes HTTP/2 frames by itself (RFC 9113), headers as literals
 * (RFC 7541 section 6.2.2): a client library would cost as much as the server that is measured. Returns how to end it.
 */
export function openGrpcConnection(
  { port, streams }: GrpcLoad,
  nextCall: () => EncodedCall | undefined,
  finished: Finished,
): () => Promise<void> {
  const open = new Map<number, OpenCall>();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let nextStream = 1;
  let closing = false;
  let rest: Buffer = Buffer.alloc(0);
  let outgoing: Buffer[] = [preface()];
  for (let i = 0; i < streams; i++) call();
  send();

  socket.on('data', (chunk: Buffer) => {
    let bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= frameHeaderBytes) {
      const end = frameHeaderBytes + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      receive(bytes[3]!, bytes[4]!, bytes.readUInt32BE(5), bytes.subarray(frameHeaderBytes, end));
      bytes = bytes.subarray(end);
    }
    rest = bytes;
    send();
  });
  socket.on('error', (error) => !closing && finished(0, error.message));
  socket.on('close', () => !closing && finished(0, 'the server closed the connection'));

  function call(): void {
    const next = nextCall();
    if (next === undefined) return;
    const copy = Buffer.from(next.bytes);
    copy.writeUInt32BE(nextStream, 5);
    copy.writeUInt32BE(nextStream, next.dataAt + 5);
    open.set(nextStream, { startedAt: performance.now(), bytes: 0 });
    nextStream += 2;
    outgoing.push(copy);
  }

  function send(): void {
    if (outgoing.length > 0) socket.write(outgoing.length === 1 ? outgoing[0]! : Buffer.concat(outgoing));
    outgoing = [];
  }

  function receive(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === frame.settings && (flags & ack) === 0) outgoing.push(frameOf(frame.settings, ack, 0, Buffer.alloc(0)));
    if (type === frame.ping && (flags & ack) === 0) outgoing.push(frameOf(frame.ping, ack, 0, payload));
    if (type === frame.goAway && !closing) finished(0, `GOAWAY ${payload.readUInt32BE(4)}`);
    const current = open.get(stream);
    if (current === undefined) return;
    if (type === frame.data) current.bytes += payload.length;
    if (type === frame.reset) end(current, stream, `RST_STREAM ${payload.readUInt32BE(0)}`);
    else if ((type === frame.data || type === frame.headers) && (flags & endStream) !== 0)
      end(current, stream, current.bytes > 0 ? undefined : `no message: ${payload.toString('latin1')}`);
  }

  function end(current: OpenCall, stream: number, fault: string | undefined): void {
    open.delete(stream);
    if (closing) return;
    finished(performance.now() - current.startedAt, fault);
    call();
  }

  return async () => {
    closing = true;
    socket.destroy();
  };
}

function preface(): Buffer {
  const settings = Buffer.alloc(18);
  const values: [number, number][] = [
    // No dynamic table, no push, and windows that need no updates.
    [1, 0],
    [2, 0],
    [4, 2 ** 24],
  ];
  for (const [index, [id, value]] of values.entries()) {
    settings.writeUInt16BE(id, index * 6);
    settings.writeUInt32BE(value, index * 6 + 2);
  }
  const window = Buffer.alloc(4);
  window.writeUInt32BE(2 ** 30);
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frameOf(frame.settings, 0, 0, settings),
    // WINDOW_UPDATE
    frameOf(8, 0, 0, window),
  ]);
}

/** HEADERS and DATA of one call, without their stream id. */
export function encodeCall({ path, port }: GrpcLoad, { headers, body }: GrpcCall): EncodedCall {
  const all = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': `127.0.0.1:${port}`,
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': 'grpc-bench/1.0',
    ...headers,
  };
  const block = Buffer.concat(Object.entries(all).flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
  const message = Buffer.from(body, 'base64');
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const head = frameOf(frame.headers, endHeaders, 0, block);
  return { bytes: Buffer.concat([head, frameOf(frame.data, endStream, 0, Buffer.concat([prefix, message]))]), dataAt: head.length };
}

function frameOf(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A string literal without Huffman coding: its length as an integer of seven bits and more (RFC 7541 section 5.1), then its bytes. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let left = bytes.length - 127;
    for (; left >= 128; left >>= 7) length.push((left & 127) | 128);
    length.push(left);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

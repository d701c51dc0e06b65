import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Http2Step, RawCase } from './conformance-case.ts';
import { frameType, headersFrame, makeFrame, preface, resetFrame } from './http2-frames.ts';

/** What came back on a connection. */
interface RawAnswer {
  readonly bytes: Buffer;
  readonly closed: boolean;
  /** There was nobody to connect to. */
  readonly refused: boolean;
}

/** When to leave a connection that the gateway does not end. */
interface Patience {
  /** Milliseconds without a byte. */
  readonly quietMs: number;
  /** Whether what has come is all that there should be; true without this. What is missing is waited for, up to half a minute. */
  readonly isComplete?: (bytes: Buffer) => boolean;
}

const missingLimitMs = 30_000;
const quietMs = 300;

/** Sends what a case says, and waits for what it expects. */
export function sendRaw(port: number, { http1, http2, expect }: RawCase): Promise<RawAnswer> {
  const isComplete = (bytes: Buffer) => {
    if (statusesOf(bytes).length < (expect.statuses?.length ?? 0)) return false;
    return expect.closes !== true || (http2 !== undefined && saysGoAway(bytes));
  };
  return sendBytes(port, http1 ?? bytesOf(http2 ?? []), { quietMs, isComplete });
}

/** Sends bytes on a connection of its own, with waits in milliseconds between them, and collects the answer until it ends or patience does. */
export async function sendBytes(port: number, parts: Iterable<Buffer | string | number>, patience: Patience): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  let closed = false;
  let wake = () => {};
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  socket.on('close', () => {
    closed = true;
    wake();
  });
  let refused = false;
  // A connection that the gateway cuts tells by 'close'.
  socket.on('error', (error: NodeJS.ErrnoException) => {
    refused ||= error.code === 'ECONNREFUSED';
  });
  await new Promise((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', resolve);
  });
  for (const part of parts) {
    if (closed) break;
    if (typeof part === 'number') await wait(part);
    else socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
  }
  const deadline = Date.now() + missingLimitMs;
  while (!closed) {
    const seen = chunks.length;
    await Promise.race([wait(patience.quietMs), new Promise<void>((resolve) => (wake = resolve))]);
    const isSilent = chunks.length === seen;
    if (isSilent && (Date.now() > deadline || (patience.isComplete?.(Buffer.concat(chunks)) ?? true))) break;
  }
  const answer = { bytes: Buffer.concat(chunks), closed, refused };
  socket.destroy();
  return answer;
}

/** Frames between two waits go out together, so that Envoy meets them in one turn. */
function bytesOf(steps: readonly Http2Step[]): (Buffer | number)[] {
  const parts: (Buffer | number)[] = [];
  let together = [preface];
  let stream = -1;
  for (const step of steps) {
    if ('waitMs' in step) {
      parts.push(Buffer.concat(together), step.waitMs);
      together = [];
    } else if ('data' in step) {
      together.push(makeFrame(frameType.data, step.end === true ? 1 : 0, stream, Buffer.from(step.data, 'base64')));
    } else if ('frame' in step) {
      const { type, flags = 0, stream: on = 0, payload = '' } = step.frame;
      for (let i = 0; i < (step.times ?? 1); i++) together.push(makeFrame(type, flags, on, Buffer.from(payload, 'base64')));
    } else {
      for (let i = 0; i < (step.times ?? 1); i++) {
        stream += 2;
        together.push(headersFrame(stream, step.open, step.end ?? true));
        if (step.reset === true) together.push(resetFrame(stream));
      }
    }
  }
  return [...parts, Buffer.concat(together)];
}

/** The statuses of the HTTP/1.1 answers in the bytes. */
export function statusesOf(bytes: Buffer): number[] {
  return [...bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
}

/** Whether an HTTP/2 peer said that it is going: GOAWAY. */
export function saysGoAway(bytes: Buffer): boolean {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) if (bytes[at + 3] === frameType.goAway) return true;
  return false;
}

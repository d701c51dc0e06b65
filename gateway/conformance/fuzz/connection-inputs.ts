import { frameType, headersFrame, makeFrame, preface, resetFrame } from '../http2-frames.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import { type RestCall, randomCall } from './rest-calls.ts';

/** Bytes of one HTTP/1.1 connection: one request or several, changed most of the time. */
export function http1Connection(random: Random, tokens: readonly string[]): Buffer {
  const requests = Array.from({ length: 1 + random.below(3) }, () => http1Request(random, randomCall(random, tokens)));
  const bytes = Buffer.concat(requests);
  return random.oneIn(3) ? bytes : mutate(random, bytes);
}

function http1Request(random: Random, { method, path, headers, body }: RestCall): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: gateway', ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (body === undefined) return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (random.oneIn(3)) {
    const cut = random.below(body.length + 1);
    const chunks = [body.subarray(0, cut), body.subarray(cut)].filter((chunk) => chunk.length > 0);
    const framed = chunks.map((chunk) => Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]));
    return Buffer.concat([
      Buffer.from(`${lines.join('\r\n')}\r\ntransfer-encoding: chunked\r\n\r\n`, 'latin1'),
      ...framed,
      Buffer.from('0\r\n\r\n'),
    ]);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n`, 'latin1'), body]);
}

/** Bytes of one HTTP/2 connection: frames of some streams in a random order, some of them changed. */
export function http2Connection(random: Random, tokens: readonly string[]): Buffer {
  const frames: Buffer[] = [];
  let stream = -1;
  for (let n = 1 + random.below(6); n > 0; n--) {
    if (random.below(4) > 0 || stream < 0) {
      stream += 2;
      const { method, path, headers, body } = randomCall(random, tokens);
      const pseudo: [string, string][] = [
        [':method', method],
        [':scheme', 'http'],
        [':authority', 'gateway'],
        [':path', path],
      ];
      frames.push(headersFrame(stream, [...pseudo, ...headers], body === undefined));
      if (body !== undefined) frames.push(makeFrame(frameType.data, random.oneIn(5) ? 0 : 1, stream, body.subarray(0, 16_000)));
    } else frames.push(oddFrame(random, stream));
  }
  const changed = frames.map((frame) => (random.oneIn(3) ? mutate(random, frame) : frame));
  return Buffer.concat([random.oneIn(20) ? mutate(random, preface) : preface, ...changed]);
}

function oddFrame(random: Random, stream: number): Buffer {
  switch (random.below(4)) {
    case 0:
      return resetFrame(stream);
    case 1:
      return makeFrame(random.below(12), random.below(256), random.pick([0, stream, stream + 2, 2]), random.bytes(random.below(20)));
    case 2:
      return headersFrame(stream, [['grpc-status', '0']], true);
    default:
      return makeFrame(frameType.data, 1, stream, random.bytes(random.below(200)));
  }
}

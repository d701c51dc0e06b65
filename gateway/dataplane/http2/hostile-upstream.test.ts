import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { frameType, headersFrame, makeFrame } from '../../conformance/http2-frames.ts';
import { errorCode } from './frame.ts';
import { type Client, connectClient, type RawServer, startRawServer } from './testing/client-lab.ts';

let server: RawServer;
const clients: Client[] = [];
beforeAll(async () => {
  server = await startRawServer();
});
afterEach(() => {
  for (const { socket } of clients.splice(0)) socket.destroy();
});
afterAll(() => server.close());

function client(window?: number): Client {
  const one = connectClient(server.port, window);
  clients.push(one);
  return one;
}

const settings = makeFrame(frameType.settings, 0, 0);
const { data, headers, continuation, windowUpdate, goAway, ping, reset } = frameType;
const status: [string, string][] = [[':status', '200']];
const ok = headersFrame(1, status, false);
const number = (value: number) => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
};
const setting = (id: number, value: number) => makeFrame(frameType.settings, 0, 0, Buffer.concat([Buffer.from([0, id]), number(value)]));
const repeat = (frame: Buffer, count: number) => Buffer.concat(Array.from({ length: count }, () => frame));
const literal = (name: string, length: number) =>
  Buffer.concat([Buffer.from([0x40, name.length]), Buffer.from(name), Buffer.from([127, 0xa1, 0x1e]), Buffer.alloc(length, 'a')]);

/** The error code of the GOAWAY that the client sent, or of its RST_STREAM. */
function codesSent(type: number): number[] {
  const bytes = server.received();
  const codes: number[] = [];
  for (let at = 24; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === type) codes.push(bytes.readUInt32BE(at + 9 + (type === goAway ? 4 : 0)));
  return codes;
}

test.each<[string, Buffer, number]>([
  ['no SETTINGS at the start', ok, errorCode.protocol],
  ['a frame over 16 KiB', Buffer.concat([settings, makeFrame(data, 0, 1, Buffer.alloc(16_385))]), errorCode.frameSize],
  ['SETTINGS that are cut off', makeFrame(frameType.settings, 0, 0, Buffer.alloc(5)), errorCode.frameSize],
  ['SETTINGS of a stream', makeFrame(frameType.settings, 0, 1), errorCode.protocol],
  ['a window setting over the limit', setting(4, 2 ** 31), errorCode.flowControl],
  ['a frame size of nothing', setting(5, 1), errorCode.protocol],
  ['a server that wants pushes', setting(2, 1), errorCode.protocol],
  ['PUSH_PROMISE', Buffer.concat([settings, makeFrame(5, 4, 1, Buffer.from([0, 0, 0, 2, 0x88]))]), errorCode.protocol],
  ['PING of 7 bytes', Buffer.concat([settings, makeFrame(ping, 0, 0, Buffer.alloc(7))]), errorCode.frameSize],
  ['PING of a stream', Buffer.concat([settings, makeFrame(ping, 0, 1, Buffer.alloc(8))]), errorCode.protocol],
  ['GOAWAY of 4 bytes', Buffer.concat([settings, makeFrame(goAway, 0, 0, Buffer.alloc(4))]), errorCode.frameSize],
  ['RST_STREAM of 3 bytes', Buffer.concat([settings, makeFrame(reset, 0, 1, Buffer.alloc(3))]), errorCode.frameSize],
  ['RST_STREAM of a stream never opened', Buffer.concat([settings, makeFrame(reset, 0, 9, number(8))]), errorCode.protocol],
  ['DATA of the connection', Buffer.concat([settings, makeFrame(data, 0, 0, Buffer.alloc(1))]), errorCode.protocol],
  ['headers of a stream of its own', Buffer.concat([settings, headersFrame(2, status, true)]), errorCode.protocol],
  ['padding over the frame', Buffer.concat([settings, ok, makeFrame(data, 8, 1, Buffer.from([5, 0, 0]))]), errorCode.protocol],
  ['WINDOW_UPDATE of nothing', Buffer.concat([settings, makeFrame(windowUpdate, 0, 0, number(0))]), errorCode.protocol],
  ['a window over 2^31-1', Buffer.concat([settings, makeFrame(windowUpdate, 0, 0, number(2 ** 31 - 1))]), errorCode.flowControl],
  [
    'a stream’s window over 2^31-1 by settings',
    Buffer.concat([settings, makeFrame(windowUpdate, 0, 1, number(2 ** 30)), setting(4, 2 ** 31 - 1)]),
    errorCode.flowControl,
  ],
  ['CONTINUATION of nothing', Buffer.concat([settings, makeFrame(continuation, 4, 1, Buffer.from([0x88]))]), errorCode.protocol],
  ['another frame inside a header block', Buffer.concat([settings, makeFrame(headers, 0, 1), settings]), errorCode.protocol],
  [
    'CONTINUATION without end',
    Buffer.concat([settings, makeFrame(headers, 0, 1), repeat(makeFrame(continuation, 0, 1), 1_000)]),
    errorCode.enhanceYourCalm,
  ],
  [
    'a header block without end',
    Buffer.concat([settings, makeFrame(headers, 0, 1), repeat(makeFrame(continuation, 0, 1, Buffer.alloc(16_384, 0x88)), 9)]),
    errorCode.enhanceYourCalm,
  ],
  ['HPACK that is none', Buffer.concat([settings, makeFrame(headers, 4, 1, Buffer.from([0xff, 0xff]))]), errorCode.compression],
  [
    'more DATA than the connection’s window',
    // The second stream is paused: nothing is credited.
    Buffer.concat([settings, headersFrame(3, status, false), repeat(makeFrame(data, 0, 3, Buffer.alloc(16_384)), 4)]),
    errorCode.flowControl,
  ],
])('a fault that ends the connection: %s', async (_, bytes, code) => {
  server.script(bytes, false);
  const one = client();
  const { recorder } = one.send();
  const { recorder: other, stream } = one.send();
  stream.pause();
  expect((await recorder.done).reset).toBe('reset');
  expect((await other.done).reset).toBe('reset');
  await one.closed;
  expect((await recorder.done).late + (await other.done).late).toBe(0);
  await server.ended();
  expect(codesSent(goAway)).toEqual([code]);
});

test.each<[string, Buffer, number]>([
  ['no status', headersFrame(1, [['x', 'a']], true), errorCode.protocol],
  ['a status that is no number', headersFrame(1, [[':status', 'ok!']], true), errorCode.protocol],
  ['a pseudo header of requests', headersFrame(1, [...status, [':path', '/']], true), errorCode.protocol],
  ['a name in upper case', headersFrame(1, [...status, ['X-A', 'a']], true), errorCode.protocol],
  ['a value with a line break', headersFrame(1, [...status, ['x', 'a\r\nset-cookie: b']], true), errorCode.protocol],
  ['a header of the connection', headersFrame(1, [...status, ['transfer-encoding', 'chunked']], true), errorCode.protocol],
  ['101', headersFrame(1, [[':status', '101']], false), errorCode.protocol],
  ['an interim answer that ends', headersFrame(1, [[':status', '103']], true), errorCode.protocol],
  ['DATA before headers', makeFrame(data, 1, 1, Buffer.from('a')), errorCode.protocol],
  ['headers twice without an end', Buffer.concat([ok, ok]), errorCode.protocol],
  ['pseudo headers in trailers', Buffer.concat([ok, headersFrame(1, status, true)]), errorCode.protocol],
  [
    'a body shorter than announced',
    Buffer.concat([headersFrame(1, [...status, ['content-length', '5']], false), makeFrame(data, 1, 1, Buffer.from('abc'))]),
    errorCode.protocol,
  ],
  [
    'a body longer than announced',
    Buffer.concat([headersFrame(1, [...status, ['content-length', '2']], false), makeFrame(data, 1, 1, Buffer.from('abc'))]),
    errorCode.protocol,
  ],
  ['two lengths', headersFrame(1, [...status, ['content-length', '2'], ['content-length', '3']], false), errorCode.protocol],
  [
    'too many headers',
    headersFrame(1, [...status, ...Array.from({ length: 100 }, (): [string, string] => ['x', 'a'])], true),
    errorCode.enhanceYourCalm,
  ],
  [
    'a header bomb',
    makeFrame(headers, 4, 1, Buffer.concat([Buffer.from([0x88]), literal('x', 4_000), Buffer.alloc(12_000, 0xbe)])),
    errorCode.enhanceYourCalm,
  ],
  ['WINDOW_UPDATE of nothing', makeFrame(windowUpdate, 0, 1, number(0)), errorCode.protocol],
  ['a window over 2^31-1', makeFrame(windowUpdate, 0, 1, number(2 ** 31 - 1)), errorCode.flowControl],
])('a fault that ends its stream only: %s', async (_, bytes, code) => {
  server.script(Buffer.concat([settings, bytes, headersFrame(3, [[':status', '204']], true)]), false);
  const one = client();
  const [first, second] = [one.send(), one.send()];
  expect((await first.recorder.done).reset).toBe('reset');
  expect((await second.recorder.done).headers).toEqual([':status', '204']);
  one.http2.retire();
  await server.ended();
  expect(codesSent(goAway)).toEqual([errorCode.none]);
  expect(codesSent(reset)).toEqual([code]);
});

test('a header table that the server shrinks again and again never gets out of step', async () => {
  server.script(Buffer.concat([setting(1, 0), setting(1, 65_536), setting(1, 1), headersFrame(1, status, true)]), false);
  const one = client();
  expect((await one.send().recorder.done).headers).toEqual([':status', '200']);
  one.send().stream.cancel();
  one.http2.retire();
  await server.ended();
  // The next block begins with a table of nothing.
  const bytes = server.received();
  let at = 24;
  let last = 0;
  for (; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) if (bytes[at + 3] === headers) last = bytes[at + 9]!;
  expect(last).toBe(0x20);
});

test('an answer before the end of the request cuts the request off', async () => {
  server.script(Buffer.concat([settings, headersFrame(1, [[':status', '403']], true)]), false);
  const one = client();
  const { recorder, stream } = one.send([], false);
  expect((await recorder.done).headers).toEqual([':status', '403']);
  expect(stream.sendData(Buffer.from('rest'), true)).toBe(true);
  one.http2.retire();
  await server.ended();
  expect(codesSent(reset)).toEqual([errorCode.cancel]);
  expect(server.received().includes('rest')).toBe(false);
});

/** Random bytes of a seed (xorshift), so that a failure comes again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test('mutated answers end every request exactly once and never throw', async () => {
  const next = random(0x6b756d69);
  const message = makeFrame(data, 0, 1, Buffer.from('\0\0\0\0\x03abc', 'latin1'));
  const trailers = makeFrame(headers, 5, 1, Buffer.concat([literal('grpc-status', 200), Buffer.from([0xbe, 0x82])]));
  const pieces = [
    ...[setting(4, 100), setting(1, 0), setting(3, 1), ok, message, headersFrame(1, [['grpc-status', '0']], true), trailers],
    ...[makeFrame(data, 9, 3, Buffer.from([2, 65, 0, 0])), headersFrame(3, status, false), makeFrame(windowUpdate, 0, 1, number(9))],
    ...[
      makeFrame(headers, 1, 3, Buffer.from([0x88])),
      makeFrame(continuation, 4, 3, Buffer.from([0x8d])),
      makeFrame(reset, 0, 3, number(7)),
    ],
    ...[
      makeFrame(goAway, 0, 0, Buffer.alloc(8)),
      makeFrame(ping, 0, 0, Buffer.alloc(8)),
      makeFrame(frameType.settings, 1, 0),
      makeFrame(2, 0, 1),
    ],
  ];
  for (let round = 0; round < 400; round++) {
    const chosen = Array.from({ length: 1 + next(8) }, () => pieces[next(pieces.length)]!);
    const bytes = Buffer.concat([settings, ...(next(3) > 0 ? [ok, message] : []), ...chosen]);
    for (let flips = next(4); flips > 0; flips--) bytes[next(bytes.length)] = next(256);
    server.script(bytes.subarray(0, next(8) === 0 ? next(bytes.length) : bytes.length), true);
    const one = client(1_000);
    const sent = [one.send([], next(2) === 0), one.send()];
    sent[0]!.stream.sendData(Buffer.alloc(next(3_000)), true);
    if (next(3) === 0) {
      sent[1]!.stream.pause();
      sent[0]!.recorder.onData = () => sent[1]!.stream.resume();
    }
    await one.closed;
    sent[1]!.stream.resume();
    for (const { recorder } of sent) expect((await recorder.done).late, `round ${round}`).toBe(0);
    expect(one.http2.streams).toBe(0);
  }
});

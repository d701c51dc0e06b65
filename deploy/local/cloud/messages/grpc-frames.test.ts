import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { GrpcFrames } from './grpc-frames.ts';

function frame(message: Buffer, compressed = false): Buffer {
  const header = Buffer.alloc(5);
  header[0] = compressed ? 1 : 0;
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

const texts = (frames: GrpcFrames) => frames.messages.map((message) => Buffer.from(message).toString());
const most = { bytes: 1_000, messages: 3 };

it.each([1, 2, 3, 5, 7, 100])('finds messages in pieces of %d bytes', (size) => {
  const bytes = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.alloc(0)), frame(gzipSync('three'), true)]);
  const frames = new GrpcFrames(most);
  for (let at = 0; at < bytes.length; at += size) frames.push(bytes.subarray(at, at + size));
  expect([texts(frames), frames.omitted]).toEqual([['one', '', 'three'], 0]);
});

it('counts what is too much, too large, or grows too large', () => {
  const frames = new GrpcFrames(most);
  frames.push(frame(Buffer.alloc(2_000)));
  frames.push(frame(gzipSync(Buffer.alloc(50_000)), true));
  for (const text of ['a', 'b', 'c', 'd']) frames.push(frame(Buffer.from(text)));
  expect([texts(frames), frames.omitted]).toEqual([['a', 'b', 'c'], 3]);
});

it('leaves half of a message alone', () => {
  const frames = new GrpcFrames(most);
  frames.push(frame(Buffer.from('whole')).subarray(0, 8));
  expect([frames.messages, frames.omitted]).toEqual([[], 0]);
});

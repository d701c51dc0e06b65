import { expect, test } from 'vitest';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

const limits = { bytes: 60 * 1024, fields: 100 };
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function encode(encoder: HpackEncoder, list: readonly string[]): Buffer {
  const out = Buffer.alloc(encoder.bound(list));
  return out.subarray(0, encoder.encode(list, out, 0));
}

test('the responses of RFC 7541 appendix C.6: Huffman code, and entries that are evicted', () => {
  const decoder = new HpackDecoder(limits);
  const common = ['cache-control', 'private', 'date', 'Mon, 21 Oct 2013 20:13:21 GMT', 'location', 'https://www.example.com'];
  const first = hex(
    '3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
  );
  expect(decoder.decode(first).list).toEqual([':status', '302', ...common]);
  expect(decoder.decode(hex('4883 640e ffc1 c0bf')).list).toEqual([':status', '307', ...common]);
  const third = hex(
    '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
  );
  expect(decoder.decode(third).list).toEqual([
    ...[':status', '200', 'cache-control', 'private', 'date', 'Mon, 21 Oct 2013 20:13:22 GMT', 'location', 'https://www.example.com'],
    ...['content-encoding', 'gzip', 'set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ]);
});

test('what is encoded is decoded: repeated values, long ones, and every byte that a value may have', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(limits);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte === 9 || (byte > 31 && byte !== 127)));
  for (let round = 0; round < 4; round++) {
    const list = [
      ':method',
      'POST',
      ':path',
      '/a/b',
      'authorization',
      `Bearer ${'x'.repeat(1_000)}`,
      'x-same',
      'same',
      'x-round',
      `${round}`,
    ];
    list.push('x-bytes', bytes.toString('latin1'), 'x-empty', '', 'x-same', 'other');
    expect(decoder.decode(encode(encoder, list))).toEqual({ list, wellFormed: true, tooLarge: false });
  }
});

test.each([
  [[':path', '/', 'X-Upper', 'a']],
  [[':path', '/', 'x-a b', 'a']],
  [[':path', '/', 'x', 'a\r\nb: c']],
  [[':path', '/', 'x', '\u010d']],
  [['x', 'a', ':path', '/']],
  [[':unknown', 'a']],
  [['transfer-encoding', 'chunked']],
])('no form in HTTP/2: %j', (list) => {
  expect(() => encode(new HpackEncoder(), list)).toThrow(TypeError);
});

test.each([
  ['an index beyond the tables', 'ff8001'],
  ['index 0', '80'],
  ['an integer without end', 'ffffffffffffffff7f'],
  ['a string beyond the block', '00017a7f'],
  ['a block that is cut off', '40'],
  ['the Huffman code of the end of string', '00017a84ffffffff'],
  ['padding of zeros after a Huffman code', '00017a8100'],
  ['padding of more than 7 bits', '00017a820fff'],
  ['a table over our limit', '3fe21f'],
  ['a change of the table after a field', '8220'],
])('refused: %s', (_, block) => {
  expect(() => new HpackDecoder(limits).decode(hex(block))).toThrow(/./);
});

test('a header bomb is counted by what it would take, and the table stays in step', () => {
  const decoder = new HpackDecoder(limits);
  const value = Buffer.alloc(4_000, 'a');
  // One entry of the dynamic table, then 100,000 references to it.
  const block = Buffer.concat([hex('4001787fa11e'), value, Buffer.alloc(100_000, 0xbe)]);
  const { tooLarge, list } = decoder.decode(block);
  expect(tooLarge).toBe(true);
  expect(list.length).toBeLessThan(40);
  expect(decoder.decode(hex('be')).list).toEqual(['x', value.toString()]);
});

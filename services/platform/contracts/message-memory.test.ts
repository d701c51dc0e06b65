import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { LoanSchema } from '../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { shareMessageMemory } from './message-memory.ts';

shareMessageMemory();

/** What the writer works with: a field that only this test and the patch know of. */
const memoryOf = (writer: BinaryWriter) => (writer as unknown as { buffer: Uint8Array }).buffer;

test.each([0, 1, 100, 4_000, 5_000, 300_000])('a message with a text of %d bytes is read as it was written', (length) => {
  const order = create(LoanSchema, { name: 'x'.repeat(length), quantity: 7, total: { currencyCode: 'JPY', units: -5n } });
  expect(fromBinary(LoanSchema, toBinary(LoanSchema, order))).toEqual(order);
});

test('a message is not touched by those that are written after it', () => {
  const first = toBinary(LoanSchema, create(LoanSchema, { name: 'first' }));
  const copy = Buffer.from(first);
  for (let i = 0; i < 100; i++) toBinary(LoanSchema, create(LoanSchema, { name: `other ${i}` }));
  expect(first).toEqual(copy);
});

test('writers in turn use one memory, writers at a time each their own', () => {
  const [one, two] = [new BinaryWriter().uint32(1), new BinaryWriter().uint32(2)];
  const memory = memoryOf(one);
  expect(memoryOf(two)).not.toBe(memory);
  expect([...two.finish(), ...one.finish()]).toEqual([2, 1]);
  expect(memoryOf(new BinaryWriter().uint32(3))).toBe(memory);
});

test('a writer that is used again writes where it should', () => {
  const writer = new BinaryWriter().fixed32(1);
  const first = writer.finish();
  const other = new BinaryWriter().fixed32(0xffffffff);
  expect([...writer.fixed32(2).finish()]).toEqual([2, 0, 0, 0]);
  expect([...other.finish()]).toEqual([255, 255, 255, 255]);
  expect([...first]).toEqual([1, 0, 0, 0]);
});

test('a writer that fails takes its memory along, and nothing else', () => {
  expect(() => new BinaryWriter().tag(1, WireType.LengthDelimited).fork().uint32(-1)).toThrow();
  expect([...new BinaryWriter().uint32(4).finish()]).toEqual([4]);
});

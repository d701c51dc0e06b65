import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** What protobuf-es keeps to itself of its writer. */
interface WriterInside {
  buffer: Uint8Array;
  viewCache: DataView;
  pos: number;
  stackPos: number[];
  ensureCapacity(size: number): void;
  finish(): Uint8Array;
}

const writer = BinaryWriter.prototype as unknown as WriterInside;
const { ensureCapacity } = writer;

const empty = new Uint8Array(0);
const emptyView = new DataView(empty.buffer);
/** Bytes of a new memory: most messages fit. */
const firstCapacity = 4 * 1_024;
/** Bytes: what had to grow beyond is not kept. */
const keptCapacity = 256 * 1_024;

/** The memory of the writer that has finished last, until another begins. */
let spare: Uint8Array | undefined;

/**
 * Has protobuf-es' writers use one memory in turn. Each would begin with 128 bytes of its own, double them again and again and copy the result: for a message
 * of 300 bytes four pieces outside of V8's heap, which take a server longer than the writing. The result is a part of Node's pool.
 */
export function shareMessageMemory(): void {
  writer.ensureCapacity = function (this: WriterInside, size: number) {
    if (this.buffer.length === 0) {
      // Not out of the pool: the writer takes the whole ArrayBuffer for its own.
      this.buffer = spare ?? Buffer.allocUnsafeSlow(firstCapacity);
      spare = undefined;
    }
    ensureCapacity.call(this, size);
  };
  writer.finish = function (this: WriterInside) {
    const result = Buffer.allocUnsafe(this.pos);
    result.set(this.buffer.subarray(0, this.pos));
    if (this.buffer.length > 0 && this.buffer.length <= keptCapacity) spare = this.buffer;
    this.buffer = empty;
    this.viewCache = emptyView;
    this.pos = 0;
    this.stackPos = [];
    return result;
  };
}

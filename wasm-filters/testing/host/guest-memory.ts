/** The memory of a VM. Pointers and sizes come from the filter and may be anything: where they lie outside, methods answer undefined or false. */
export class GuestMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #malloc: (size: number) => number;

  constructor(memory: WebAssembly.Memory, malloc: (size: number) => number) {
    this.#memory = memory;
    this.#malloc = malloc;
  }

  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** A copy. */
  bytes(pointer: number, size: number): Buffer | undefined {
    return this.#view(pointer, size) && Buffer.from(this.#view(pointer, size)!);
  }

  text(pointer: number, size: number): string | undefined {
    return this.#view(pointer, size)?.toString('utf8');
  }

  writeU32(pointer: number, value: number): boolean {
    return this.#view(pointer, 4)?.writeUInt32LE(value) !== undefined;
  }

  writeU64(pointer: number, value: bigint): boolean {
    return this.#view(pointer, 8)?.writeBigUInt64LE(value) !== undefined;
  }

  /** Gives the filter bytes of its own: allocates, copies, and writes where they are. Nothing is allocated for nothing. */
  give(bytes: Uint8Array, pointerOut: number, sizeOut: number): boolean {
    const pointer = bytes.length === 0 ? 0 : this.#malloc(bytes.length) >>> 0;
    if (!this.writeU32(pointerOut, pointer) || !this.writeU32(sizeOut, bytes.length)) return false;
    this.#view(pointer, bytes.length)?.set(bytes);
    return true;
  }

  /** Growing replaces the buffer: none is kept. */
  #view(pointer: number, size: number): Buffer | undefined {
    const [start, length] = [pointer >>> 0, size >>> 0];
    return start + length <= this.size ? Buffer.from(this.#memory.buffer, start, length) : undefined;
  }
}

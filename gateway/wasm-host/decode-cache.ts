/**
 * Decoded values by where they lie in wasm memory. A plugin passes the same constants (header names, property paths, a token) at the same address
 * again and again: comparing bytes is cheaper than decoding and checking them. A hit is always compared with the bytes as they are now.
 */
export class DecodeCache<T> {
  readonly #slots: ({ readonly bytes: Buffer; readonly value: T } | undefined)[] = new Array(64).fill(undefined);
  readonly #decode: (bytes: Buffer) => T | undefined;

  /** `decode` gives undefined for bytes that are not valid; those are not remembered. */
  constructor(decode: (bytes: Buffer) => T | undefined) {
    this.#decode = decode;
  }

  get(memory: Buffer, pointer: number, size: number): T | undefined {
    const index = ((pointer >>> 4) ^ size) & 63;
    const slot = this.#slots[index];
    if (slot !== undefined && slot.bytes.length === size && equal(slot.bytes, memory, pointer)) return slot.value;
    const bytes = Buffer.from(memory.subarray(pointer, pointer + size));
    const value = this.#decode(bytes);
    if (value !== undefined) this.#slots[index] = { bytes, value };
    return value;
  }
}

function equal(bytes: Buffer, memory: Buffer, pointer: number): boolean {
  // Below this a loop beats the call into native code.
  if (bytes.length > 64) return memory.compare(bytes, 0, bytes.length, pointer, pointer + bytes.length) === 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== memory[pointer + i]) return false;
  return true;
}

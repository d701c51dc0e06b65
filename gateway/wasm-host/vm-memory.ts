import { DecodeCache } from './decode-cache.ts';

/**
 * The memory of a VM. Pointers and sizes come from the plugin as signed 32-bit numbers and may be anything: every method checks them and answers
 * undefined or false where they lie outside.
 *
 * Headers are Latin-1 in both directions, as in Node's HTTP modules, so that bytes survive; everything else is UTF-8.
 */
export class VmMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #malloc: (size: number) => number;
  #bytes: Buffer;
  #view: DataView;
  readonly #headerNames = new DecodeCache((bytes) =>
    /^[!-9;-~]+$|^:[a-z]+$/.test(bytes.toString('latin1')) ? bytes.toString('latin1').toLowerCase() : undefined,
  );
  // A line break inside a value would become another header further on.
  readonly #headerValues = new DecodeCache((bytes) =>
    bytes.includes(0) || bytes.includes(10) || bytes.includes(13) ? undefined : bytes.toString('latin1'),
  );
  readonly #paths = new DecodeCache((bytes) => bytes.toString('utf8').split('\0'));

  constructor(memory: WebAssembly.Memory, malloc: (size: number) => number) {
    this.#memory = memory;
    this.#malloc = malloc;
    this.#bytes = Buffer.from(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** A header name in lower case; undefined where the bytes lie outside, null where they are no header name. */
  headerName(pointer: number, size: number): string | undefined | null {
    return this.#has(pointer, size) ? (this.#headerNames.get(this.#bytes, pointer >>> 0, size >>> 0) ?? null) : undefined;
  }

  /** A header value; undefined where the bytes lie outside, null where they are no header value. */
  headerValue(pointer: number, size: number): string | undefined | null {
    return this.#has(pointer, size) ? (this.#headerValues.get(this.#bytes, pointer >>> 0, size >>> 0) ?? null) : undefined;
  }

  /** A property path. */
  path(pointer: number, size: number): readonly string[] | undefined {
    return this.#has(pointer, size) ? this.#paths.get(this.#bytes, pointer >>> 0, size >>> 0) : undefined;
  }

  text(pointer: number, size: number): string | undefined {
    return this.#has(pointer, size) ? this.#bytes.toString('utf8', pointer >>> 0, (pointer >>> 0) + (size >>> 0)) : undefined;
  }

  /** A copy. */
  copy(pointer: number, size: number): Buffer | undefined {
    return this.#has(pointer, size) ? Buffer.from(this.#bytes.subarray(pointer >>> 0, (pointer >>> 0) + (size >>> 0))) : undefined;
  }

  readU32(pointer: number): number | undefined {
    return this.#has(pointer, 4) ? this.#view.getUint32(pointer >>> 0, true) : undefined;
  }

  writeU32(pointer: number, value: number): boolean {
    if (!this.#has(pointer, 4)) return false;
    this.#view.setUint32(pointer >>> 0, value, true);
    return true;
  }

  writeU64(pointer: number, value: bigint): boolean {
    if (!this.#has(pointer, 8)) return false;
    this.#view.setBigUint64(pointer >>> 0, BigInt.asUintN(64, value), true);
    return true;
  }

  write(pointer: number, bytes: Uint8Array): boolean {
    if (!this.#has(pointer, bytes.length)) return false;
    this.#bytes.set(bytes, pointer >>> 0);
    return true;
  }

  /** Gives the plugin bytes of its own: allocates, copies, and writes where they are. */
  give(bytes: Uint8Array, pointerOut: number, sizeOut: number): boolean {
    const pointer = this.#allocate(bytes.length, pointerOut, sizeOut);
    if (pointer === undefined) return false;
    this.#bytes.set(bytes, pointer);
    return true;
  }

  /** Gives the plugin a header's text. */
  giveLatin1(text: string, pointerOut: number, sizeOut: number): boolean {
    const pointer = this.#allocate(text.length, pointerOut, sizeOut);
    if (pointer === undefined) return false;
    this.#bytes.write(text, pointer, 'latin1');
    return true;
  }

  /** Gives the plugin any other text. */
  giveText(text: string, pointerOut: number, sizeOut: number): boolean {
    const size = isShortAscii(text) ? text.length : Buffer.byteLength(text);
    const pointer = this.#allocate(size, pointerOut, sizeOut);
    if (pointer === undefined) return false;
    if (size === text.length && size <= 64) for (let i = 0; i < size; i++) this.#bytes[pointer + i] = text.charCodeAt(i);
    else this.#bytes.write(text, pointer, size, 'utf8');
    return true;
  }

  #allocate(size: number, pointerOut: number, sizeOut: number): number | undefined {
    if (!this.#has(pointerOut, 4) || !this.#has(sizeOut, 4)) return undefined;
    // As in Envoy, nothing is allocated for nothing.
    const pointer = size === 0 ? 0 : this.#malloc(size) >>> 0;
    if (size > 0 && (pointer === 0 || !this.#has(pointer, size))) return undefined;
    this.writeU32(pointerOut, pointer);
    this.writeU32(sizeOut, size);
    return pointer;
  }

  #has(pointer: number, size: number): boolean {
    // Growing detaches the old buffer.
    if (this.#bytes.length === 0) {
      this.#bytes = Buffer.from(this.#memory.buffer);
      this.#view = new DataView(this.#memory.buffer);
    }
    return (pointer >>> 0) + (size >>> 0) <= this.#bytes.length;
  }
}

function isShortAscii(text: string): boolean {
  if (text.length > 64) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

import { fieldName, fieldValue } from './field-syntax.ts';
import { ConnectionError, errorCode } from './frame.ts';
import { staticTable } from './hpack-static-table.ts';
import { decodeHuffman } from './huffman.ts';

/** The table size that SETTINGS begin with, which we leave (RFC 7541 section 4.2). */
const maxTableBytes = 4_096;
/** What an entry counts beyond its text (RFC 7541 section 4.1). */
const entryOverhead = 32;

interface Entry {
  readonly name: string;
  readonly value: string;
  readonly size: number;
  /** Of name and value: malformed fields are the stream's fault, not the connection's. */
  readonly wellFormed: boolean;
}

/** Bounds of a decoded header list. */
export interface HeaderListLimits {
  /** Of names and values, each field with 32 more (RFC 9113 section 6.5.2). */
  readonly bytes: number;
  readonly fields: number;
}

/** A decoded header block. */
export interface HeaderList {
  /** name, value, name, value… */
  readonly list: string[];
  readonly wellFormed: boolean;
  /** Over the limits; `list` ends there. */
  readonly tooLarge: boolean;
}

const staticEntries: readonly Entry[] = staticTable.map(([name, value]) => entryOf(name, value));

function entryOf(name: string, value: string): Entry {
  return { name, value, size: name.length + value.length + entryOverhead, wellFormed: fieldName.test(name) && fieldValue.test(value) };
}

/** Decodes the header blocks of one connection, in their order (RFC 7541). */
export class HpackDecoder {
  readonly #limits: HeaderListLimits;
  /** The dynamic table, the newest entry last; entries before `#first` are evicted. */
  #entries: Entry[] = [];
  #first = 0;
  #tableBytes = 0;
  #tableLimit = maxTableBytes;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(limits: HeaderListLimits) {
    this.#limits = limits;
  }

  /** Decodes a whole block, also one over the limits: the table must not get out of step. @throws ConnectionError where it is malformed. */
  decode(block: Buffer): HeaderList {
    this.#bytes = block;
    this.#at = 0;
    const list: string[] = [];
    let wellFormed = true;
    let size = 0;
    let tooLarge = false;
    while (this.#at < block.length) {
      const entry = this.#next(list.length === 0 && !tooLarge);
      if (entry === undefined) continue;
      size += entry.size;
      wellFormed &&= entry.wellFormed;
      tooLarge ||= size > this.#limits.bytes || list.length >= 2 * this.#limits.fields;
      if (!tooLarge) list.push(entry.name, entry.value);
    }
    this.#bytes = Buffer.alloc(0);
    return { list, wellFormed, tooLarge };
  }

  /** One representation; undefined for a change of the table's size, which may stand only at the start. */
  #next(atStart: boolean): Entry | undefined {
    const first = this.#bytes[this.#at]!;
    if ((first & 0x80) !== 0) return this.#lookUp(this.#integer(0x7f));
    if ((first & 0xe0) === 0x20) {
      const limit = this.#integer(0x1f);
      if (!atStart || limit > maxTableBytes) throw new ConnectionError(errorCode.compression, 'change of the table size');
      this.#tableLimit = limit;
      this.#evict(0);
      return undefined;
    }
    const indexed = (first & 0x40) !== 0;
    const index = this.#integer(indexed ? 0x3f : 0x0f);
    const name = index === 0 ? this.#string() : this.#lookUp(index).name;
    const entry = entryOf(name, this.#string());
    if (indexed) this.#add(entry);
    return entry;
  }

  #lookUp(index: number): Entry {
    const fixed = staticEntries[index - 1];
    if (fixed !== undefined) return fixed;
    const at = this.#entries.length - (index - staticEntries.length);
    const entry = at < this.#first || index === 0 ? undefined : this.#entries[at];
    if (entry === undefined) throw new ConnectionError(errorCode.compression, `there is no table entry ${index}`);
    return entry;
  }

  #add(entry: Entry): void {
    this.#evict(entry.size);
    // An entry over the whole table's size only empties it (RFC 7541 section 4.4).
    if (entry.size > this.#tableLimit) return;
    this.#entries.push(entry);
    this.#tableBytes += entry.size;
  }

  #evict(room: number): void {
    while (this.#tableBytes + room > this.#tableLimit && this.#first < this.#entries.length)
      this.#tableBytes -= this.#entries[this.#first++]!.size;
    if (this.#first < 64) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  /** RFC 7541 section 5.1; `mask` is the prefix. */
  #integer(mask: number): number {
    let value = this.#byte() & mask;
    if (value < mask) return value;
    // Nothing here is as large as four further bytes can tell.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ConnectionError(errorCode.compression, 'an integer is too large');
  }

  #string(): string {
    const huffman = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(0x7f);
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) throw new ConnectionError(errorCode.compression, 'a string goes beyond its block');
    this.#at = end;
    return huffman ? decodeHuffman(this.#bytes, start, end) : this.#bytes.toString('latin1', start, end);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new ConnectionError(errorCode.compression, 'a header block is cut off');
    return byte;
  }
}

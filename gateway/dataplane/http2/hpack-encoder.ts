import { connectionFields, fieldName, fieldValue } from './field-syntax.ts';
import { staticTable } from './hpack-static-table.ts';

interface Name {
  /** The first bytes of a literal of this name. */
  readonly prefix: Buffer;
  /** Values that are a static entry of their own, with its index. */
  readonly indexed: ReadonlyMap<string, number> | undefined;
  readonly pseudo: boolean;
  lastValue: string | undefined;
  /** The literal of `lastValue`, once it came twice. */
  literal: Buffer | undefined;
}

// Never to be indexed by any proxy on the way (RFC 7541 section 7.1.3).
const sensitive = new Set(['authorization', 'cookie', 'proxy-authorization', 'x-serverless-authorization']);
const pseudoHeaders = new Set([':method', ':scheme', ':authority', ':path']);
// Names come from clients: what is kept must have an end.
const maxNames = 512;
const maxKeptLength = 4_096;

/**
 * Encodes the header lists of one connection without a dynamic table (RFC 7541): literals need no state that both peers must agree on, and
 * copying bytes is cheaper here than searching a table. Names are kept encoded, and values that repeat.
 */
export class HpackEncoder {
  readonly #names = new Map<string, Name>();
  #announce = true;

  /** The peer has changed its limit of the table: the next block says that ours is empty, which fits every limit (RFC 7541 section 4.2). */
  announceTableSize(): void {
    this.#announce = true;
  }

  /** What a block of this list takes at most, in bytes. */
  bound(list: readonly string[]): number {
    let bytes = 1;
    for (const text of list) bytes += text.length + 8;
    return bytes;
  }

  /** Writes the block and returns where it ends. @throws TypeError for a field that HTTP/2 has no form for; nothing was sent then. */
  encode(list: readonly string[], out: Buffer, start: number): number {
    let at = start;
    if (this.#announce) out[at++] = 0x20;
    let pseudo = true;
    for (let i = 0; i < list.length; i += 2) {
      const name = this.#names.get(list[i]!) ?? this.#learn(list[i]!);
      const value = list[i + 1]!;
      if (name.pseudo && !pseudo) throw new TypeError(`${list[i]} stands after other headers`);
      pseudo = name.pseudo;
      const index = name.indexed?.get(value);
      if (index !== undefined) out[at++] = 0x80 | index;
      else at = this.#literal(name, value, out, at);
    }
    this.#announce = false;
    return at;
  }

  #literal(name: Name, value: string, out: Buffer, start: number): number {
    const repeats = name.lastValue === value;
    if (repeats && name.literal !== undefined) {
      out.set(name.literal, start);
      return start + name.literal.length;
    }
    if (!fieldValue.test(value)) throw new TypeError('a header value has characters that HTTP/2 has no form for');
    out.set(name.prefix, start);
    let at = writeInteger(out, start + name.prefix.length, 0, 0x7f, value.length);
    at += out.write(value, at, 'latin1');
    name.lastValue = value;
    name.literal = repeats && value.length <= maxKeptLength ? Buffer.from(out.subarray(start, at)) : undefined;
    return at;
  }

  #learn(text: string): Name {
    if (!fieldName.test(text) || (text.startsWith(':') && !pseudoHeaders.has(text)))
      throw new TypeError('a header name that HTTP/2 has no form for');
    if (connectionFields.has(text)) throw new TypeError(`${text} has no place in HTTP/2`);
    const name: Name = {
      prefix: prefixOf(text),
      indexed: indexedValues(text),
      pseudo: text.startsWith(':'),
      lastValue: undefined,
      literal: undefined,
    };
    if (this.#names.size < maxNames) this.#names.set(text, name);
    return name;
  }
}

/** A literal without indexing (RFC 7541 section 6.2.2), or one that is never indexed (6.2.3), up to its value. */
function prefixOf(text: string): Buffer {
  const kind = sensitive.has(text) ? 0x10 : 0;
  const out = Buffer.alloc(text.length + 10);
  const index = staticTable.findIndex(([name]) => name === text) + 1;
  if (index > 0) return out.subarray(0, writeInteger(out, 0, kind, 0x0f, index));
  out[0] = kind;
  const at = writeInteger(out, 1, 0, 0x7f, text.length);
  return out.subarray(0, at + out.write(text, at, 'latin1'));
}

function indexedValues(text: string): Map<string, number> | undefined {
  const values = staticTable.flatMap(([name, value], i) => (name === text && value !== '' ? [[value, i + 1] as const] : []));
  return values.length === 0 ? undefined : new Map(values);
}

/** RFC 7541 section 5.1; `bits` stand before the prefix. */
function writeInteger(out: Buffer, start: number, bits: number, mask: number, value: number): number {
  let at = start;
  if (value < mask) {
    out[at++] = bits | value;
    return at;
  }
  out[at++] = bits | mask;
  let rest = value - mask;
  for (; rest >= 128; rest >>>= 7) out[at++] = (rest & 127) | 128;
  out[at++] = rest;
  return at;
}

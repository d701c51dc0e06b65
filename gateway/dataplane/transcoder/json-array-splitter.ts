import { LocalReplyError } from '../http-filter.ts';

const details = 'grpc_json_transcode_failure{INVALID_ARGUMENT}';
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Cuts a JSON array that comes in pieces into the texts of its elements. What stands within an element is its parser's to judge. */
export class JsonArraySplitter {
  readonly #limit: number;
  /** Of the element that is not complete. */
  #parts: Buffer[] = [];
  #size = 0;
  /** Brackets and braces that are open; 1 is between elements. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #ended = false;
  #count = 0;

  /** `limit`: bytes that one element may have. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The elements that this piece completes. @throws LocalReplyError 400 for what is no array, 413 for an element over the limit. */
  push(chunk: Buffer): Buffer[] {
    const elements: Buffer[] = [];
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#inString = false;
      } else if (this.#depth === 0) {
        if (isSpace(byte)) continue;
        this.#begin(byte);
        start = i + 1;
      } else if (byte === quote) this.#inString = true;
      else if (byte === openBracket || byte === openBrace) this.#depth++;
      else if (this.#depth === 1 && (byte === comma || byte === closeBracket)) {
        this.#keep(chunk.subarray(start, i));
        const element = this.#take(byte === closeBracket);
        if (element !== undefined) elements.push(element);
        start = i + 1;
      } else if (byte === closeBracket || byte === closeBrace) this.#depth--;
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(start));
    return elements;
  }

  /** The body is over. @throws LocalReplyError 400 where the array is not. */
  finish(): void {
    if (this.#depth > 0) throw new LocalReplyError(400, 'Unexpected end of the array.', details);
  }

  #begin(byte: number): void {
    if (this.#ended) throw new LocalReplyError(400, 'Unexpected text behind the array.', details);
    if (byte !== openBracket) {
      throw new LocalReplyError(400, `Expected an array instead of ${byte === openBrace ? 'an object' : 'a scalar value'}`, details);
    }
    this.#depth = 1;
  }

  #keep(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > this.#limit)
      throw new LocalReplyError(413, 'An element of the array exceeds the configured limit.', 'request_payload_too_large');
    if (part.length > 0) this.#parts.push(part);
  }

  /** The element that ends here; undefined for the nothing of an empty array. */
  #take(isLast: boolean): Buffer | undefined {
    const text = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    if (isLast) {
      this.#depth = 0;
      this.#ended = true;
    }
    if (text.every(isSpace)) {
      if (isLast && this.#count === 0) return undefined;
      throw new LocalReplyError(400, 'Expected a value between the commas of the array.', details);
    }
    this.#count++;
    return text;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
